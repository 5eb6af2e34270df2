"""チェックアウト: which visit, its minutes, signed or later, and times declared afterwards."""

from collections.abc import Callable
from datetime import datetime

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.check_out import CHECK_OUT, CHECK_OUT_HERE, declaration
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import check_out as screens
from bot.screens import commission
from handlers.line.talk import Talk
from handlers.usecases.visit import check_out as usecase
from handlers.usecases.visit import declare as declaring
from models.rules.calendar import to_jst
from models.rules.check_out import minutes_of
from models.rules.errors import NotPossible
from models.rules.fee import fee, schedule_on
from models.rules.judgement import Value, as_text
from models.rules.place import Point
from models.rules.visit import Source
from models.views.check_out import Leaving
from storage import experts

WORD = "チェックアウト"


def start(talk: Talk) -> None:
    """チェックアウト: the one visit under way at once, otherwise a choice."""
    found = usecase.leaving(talk.uow, talk.person.actor, talk.now)
    if not found:
        standing = experts.standing_of(talk.uow, talk.person.id, to_jst(talk.now).date())
        known = standing.has_expert_menu
        talk.say(screens.none() if known else commission.not_for_experts_of(standing, WORD))
    elif len(found) == 1 and found[0].under_way and not found[0].late:
        _ask_minutes(talk, found[0])
    else:
        talk.say(screens.choose(found))


def _ask_minutes(talk: Talk, one: Leaving) -> None:
    talk.take(CHECK_OUT, begin(CHECK_OUT, {}, subject=one.dispatch.id, revision=talk.first_revision))


def choose(talk: Talk, tap: CardTap) -> None:
    """チェックアウトする on a card; one that has ended meanwhile is shown as it is."""
    one = _still_open(talk, tap.subject)
    if one:
        _ask_minutes(talk, one)


def _still_open(talk: Talk, dispatch_id: str) -> Leaving | None:
    """The visit, if its end is still to be recorded; otherwise what there is is said."""
    one = usecase.read(talk.uow, talk.person.actor, dispatch_id)
    if one.under_way:
        return one
    done = usecase.done(talk.uow, one)
    if done is None:
        raise NotPossible("visit.not_in")
    talk.say(screens.receipt(done, _page(talk, dispatch_id)))
    return None


def _page(talk: Talk, dispatch_id: str) -> str:
    return talk.links.page("check-out", talk.person.id, dispatch_id)


def keep_minutes(talk: Talk, _form: Form, command: Command) -> None:
    """The minutes are kept; then who confirms."""
    minutes = minutes_of(command.answers)
    one = usecase.keep_minutes(talk.uow, talk.person.actor, command.subject, minutes, talk.now)
    came = one.visit.came if one.visit else None
    if came is None:
        raise NotPossible("visit.not_in")
    worth = fee(came.at, max(came.at, talk.now), minutes, schedule_on(to_jst(came.at).date()))
    talk.say(screens.so_far(one, worth, _page(talk, command.subject)))


def ask_later(talk: Talk, tap: CardTap) -> None:
    """あとで確認してもらう."""
    one = _still_open(talk, tap.subject)
    if one:
        talk.say(screens.later(one, f"{_page(talk, tap.subject)}?later=1"))


def ask_place(talk: Talk, tap: CardTap) -> None:
    """位置情報で記録."""
    if _still_open(talk, tap.subject):
        form = CHECK_OUT_HERE
        talk.take(form, begin(form, {}, subject=tap.subject, revision=talk.first_revision))


def leave_here(talk: Talk, _form: Form, command: Command) -> None:
    """A location message came: the visit ends when it was sent."""
    latitude, longitude = as_text(command.answers["here"]).split(",")
    fix = usecase.Fix(Source.LOCATION, Point(float(latitude), float(longitude)), at=_sent_at(talk))
    link = talk.links.certify(command.subject)
    done = usecase.check_out(talk.uow, talk.person.actor, command.subject, fix, talk.now, link=link)
    talk.say(screens.receipt(done, _page(talk, command.subject)))


def _sent_at(talk: Talk) -> datetime:
    """LINE's event timestamp (`domain.md` 4), which is never later than now."""
    return min(talk.envelope.occurred_at, talk.now)


def start_declaration(talk: Talk, tap: CardTap) -> None:
    """時刻を申告する; a visit with both ends can be mended so, too, until the secretariat settled it."""
    one = usecase.read(talk.uow, talk.person.actor, tap.subject)
    came = one.visit.came if one.visit else None
    planned = one.dispatch.starts or talk.now
    answers: dict[str, Value] = {"planned": planned.isoformat()}
    if came:
        answers |= {"recorded": came.at.isoformat(), "came": came.at.isoformat()}
    form = declaration(talk.now)
    talk.say(Text(screens.declare_start(one)))
    talk.take(form, begin(form, answers, subject=tap.subject, revision=talk.first_revision))


def declare(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a declaration."""
    answers = command.answers
    said = declaring.Declared(
        came=datetime.fromisoformat(as_text(answers["came"])) if "came" in answers else None,
        went=datetime.fromisoformat(as_text(answers["went"])),
        minutes=minutes_of(answers),
        reason=as_text(answers["reason"]),
    )
    link = talk.links.certify(command.subject)
    done = declaring.declare(talk.uow, talk.person.actor, command.subject, said, talk.now, link)
    talk.say(screens.receipt(done, _page(talk, command.subject), declared=True))


MENU: dict[str, Callable[[Talk], None]] = {WORD: start}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "check_out": choose,
    "check_out_later": ask_later,
    "check_out_here": ask_place,
    "declare": start_declaration,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {
    "check_out_minutes": keep_minutes,
    "check_out_here": leave_here,
    "declare_visit": declare,
}
FORMS: dict[str, Callable[[Talk], Form]] = {
    CHECK_OUT.key: lambda _talk: CHECK_OUT,
    CHECK_OUT_HERE.key: lambda _talk: CHECK_OUT_HERE,
    "declare": lambda talk: declaration(talk.now),
}
