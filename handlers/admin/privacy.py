"""One person's data: what is held, the export, and the erasure. For managers, with the password at hand."""

from typing import IO

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.again import dangerous
from handlers.admin.context import actor, now, services
from handlers.admin.person import ways
from handlers.belongings import write_zip
from handlers.exports import written
from handlers.usecases import privacy as usecase
from models.rules.calendar import to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.normalise import tidy
from storage import experts


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/experts/<row_id:person_id>/data"
    bp.add_url_rule(one, view_func=person_data)
    bp.add_url_rule(f"{one}/export", view_func=person_export, methods=["POST"])
    bp.add_url_rule(f"{one}/erase", view_func=person_erase, methods=["POST"])


def person_data(person_id: str, error: str = "", typed: str = "") -> ResponseReturnValue:
    """What is held of a person, and the two things that can be done with all of it."""
    with services().database.read() as uow:
        held = usecase.holdings(uow, actor(), person_id)
        obstacle = usecase.obstacle(uow, held)
        others = ways(person_id, "admin.person_data", expert=experts.of_person(uow, person_id) is not None)
    may = actor().person_id != person_id
    values = {"held": held, "obstacle": obstacle, "may": may, "error": error, "typed": typed, "ways": others}
    return render_template("admin/person_data.html", **values), 422 if error else 200


@dangerous
def person_export(person_id: str) -> ResponseReturnValue:
    """Everything as a zip, written to the disk before the first byte leaves."""
    with services().database.read() as uow:
        held = usecase.read(uow, actor(), person_id)

    def write(file: IO[bytes]) -> None:
        write_zip(file, services(), held)
        with services().database.unit() as uow:
            usecase.exported(uow, actor(), person_id, now())

    return written("個人データ", to_jst(now()).date(), "zip", "application/zip", write)


@dangerous
def person_erase(person_id: str) -> ResponseReturnValue:
    """Erase, once the right words were typed; there is no way back."""
    typed = tidy(request.form.get("typed", ""))[:200]
    try:
        with services().database.unit() as uow:
            usecase.erase(uow, actor(), person_id, typed, now())
    except NotFound:
        raise
    except NotPossible as refused:
        return person_data(person_id, t(refused.code), typed)
    except NotAllowed as refused:
        if refused.code != "privacy.own":
            raise
        return person_data(person_id, t(refused.code), typed)
    services().hurry()
    flash(t("privacy.erased"))
    return redirect(url_for("admin.person_data", person_id=person_id))
