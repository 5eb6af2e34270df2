"""Import of experts known from elsewhere: keep a file, see what it would do, start it, invite line by line."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.notices import ExpertInvited
from models.rules.calendar import format_date, to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.imports import ORGANISATION, TITLES, Fault, Line, organisation_key
from models.rules.invitation import EXPERT, new_code
from models.rules.permissions import Actor, can
from models.views.imports import ImportState, ImportView, Known
from storage import audit, imports, organisations, outbox, settings, tasks
from storage.database import UnitOfWork

TASK = "import"
FILE_NAME_MAX = 200


@dataclass(frozen=True)
class Plan:
    """What starting an import would do, line by line; looking changes nothing.

    `good` would be invited; `registered` too, but somebody with the same mail address is here already; `bad` have
    something to mend; `known` were imported before.
    """

    good: Sequence[Line] = ()
    registered: Sequence[Line] = ()
    bad: Sequence[Line] = ()
    known: Sequence[Line] = ()


def _may(actor: Actor) -> None:
    if not can(actor, "import.manage"):
        raise NotAllowed


def keep(uow: UnitOfWork, actor: Actor, file_key: str, file_name: str, now: datetime) -> str:
    """A file that was read and stored sealed under `file_key`; returns the import's id."""
    _may(actor)
    made = imports.add(uow, file_key, file_name[:FILE_NAME_MAX], actor.staff_id, now)
    audit.record(uow, actor, "import.read", ("import", made), now)
    return made


def look(uow: UnitOfWork, actor: Actor, import_id: str) -> ImportView:
    """An import, for whoever may do it."""
    _may(actor)
    found = imports.view(uow, import_id)
    if found is None:
        raise NotFound
    return found


def plan(uow: UnitOfWork, actor: Actor, lines: Iterable[Line], now: datetime) -> Plan:
    """Sort the lines of a file by what would become of them now."""
    _may(actor)
    every = list(lines)
    places = imports.organisations_by_key(uow)
    known = imports.known(uow, (line.key for line in every if line.key), now)
    mails = imports.registered(uow, (str(line.answers["mail"]) for line in every if "mail" in line.answers))
    sorted_: dict[str, list[Line]] = {"good": [], "registered": [], "bad": [], "known": []}
    for line in every:
        judged = with_organisation(line, places)
        sorted_[_sort(judged, known, mails)].append(judged)
    return Plan(**sorted_)


def _sort(line: Line, known: dict[str, Known], mails: set[str]) -> str:
    if known.get(line.key) in (Known.INVITED, Known.JOINED):
        return "known"
    if line.faults:
        return "bad"
    return "registered" if str(line.answers["mail"]).lower() in mails else "good"


def with_organisation(line: Line, places: dict[str, str]) -> Line:
    """The line, with a fault more when there is no organisation of that name. `places`: their ids by compared name."""
    if not line.organisation or organisation_key(line.organisation) in places:
        return line
    fault = Fault(TITLES[ORGANISATION], line.organisation, "import.organisation_unknown")
    return replace(line, faults=(*line.faults, fault))


def start(uow: UnitOfWork, actor: Actor, import_id: str, numbers: Sequence[int], now: datetime) -> str:
    """Begin to invite these lines; returns the task's id. NotPossible when somebody started it or threw it away."""
    _may(actor)
    if not numbers:
        raise NotPossible("import.none_good")
    task = tasks.add(uow, TASK, [str(number) for number in numbers], actor.staff_id, now, import_id)
    if not imports.move(uow, import_id, ImportState.READ, ImportState.STARTED, task):
        raise NotPossible("import.moved_on")
    audit.record(uow, actor, "import.start", ("import", import_id), now, detail=str(len(numbers)))
    return task


def throw_away(uow: UnitOfWork, actor: Actor, import_id: str, now: datetime) -> None:
    """Forget a file that was not started."""
    _may(actor)
    if not _threw_away(uow, actor, import_id, now):
        raise NotPossible("import.moved_on")


def retire(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    """Throw away files that nobody started for as long as a rejected application is kept; returns how many."""
    if not can(actor, "retention.run"):
        raise NotAllowed
    before = now - timedelta(days=settings.value(uow, "retain_rejected_days"))
    return sum([_threw_away(uow, actor, import_id, now) for import_id in imports.left_since(uow, before)])


def _threw_away(uow: UnitOfWork, actor: Actor, import_id: str, now: datetime) -> bool:
    if not imports.move(uow, import_id, ImportState.READ, ImportState.GONE):
        return False
    imports.drop_file(uow, import_id, now)
    audit.record(uow, actor, "import.throw_away", ("import", import_id), now)
    return True


def finish(uow: UnitOfWork, import_id: str, now: datetime) -> None:
    """Every line is done: the file goes."""
    if imports.move(uow, import_id, ImportState.STARTED, ImportState.GONE):
        imports.drop_file(uow, import_id, now)


def invite(
    uow: UnitOfWork, actor: Actor, import_id: str, line: Line, places: dict[str, str], link_to: Callable[[str], str],
    now: datetime,
) -> bool:  # fmt: skip
    """Invite the person of one good line by mail; False when its key was imported before. Safe to repeat.

    `link_to` gives the link that opens the talk with these words typed in.
    """
    _may(actor)
    if imports.known(uow, [line.key], now).get(line.key) in (Known.INVITED, Known.JOINED):
        return False
    judged = with_organisation(line, places)
    if judged.faults:
        raise NotPossible("import.bad_line")
    organisation_id = places[organisation_key(line.organisation)]
    until = now + timedelta(days=settings.value(uow, "invitation_days"))
    code = new_code(secrets.choice)
    invitation = organisations.add_invitation(uow, code.replace("-", ""), EXPERT, organisation_id, None, now, until)
    imports.keep(uow, line.key, import_id, invitation, line.answers, now)
    notice = ExpertInvited(
        name=str(line.answers["name"]),
        organisation=organisations.name_of(uow, organisation_id),
        code=code,
        link=link_to(f"招待コード {code}"),
        until=format_date(to_jst(until).date()),
    )
    outbox.tell(uow, str(line.answers["mail"]), notice, now, channel=outbox.MAIL)
    audit.record(uow, actor, "import.invite", ("invitation", invitation), now, detail=import_id)
    return True
