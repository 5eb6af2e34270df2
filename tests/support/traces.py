"""Somebody who leaves traces in every table that can hold some, and a search for what is left of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import LargeBinary, select

from handlers.usecases import commission
from handlers.usecases.registration import decide, submit
from models.notices import ApplicationReturned, ApplicationSubmitted
from models.tables.base import Base, table_of
from models.tables.conversation import Conversation, InboxEvent, OutboxRow
from models.tables.expert import DayOff, Expert, ExpertSpeciality
from models.tables.person import AccountMove
from models.tables.registration import Application
from models.views.people import PersonView
from storage import outbox, people, profile, registration, registration_views, uploads
from storage.database import Database, UnitOfWork
from storage.inbox import ms
from storage.secrets import SealBroken
from tests.support import factories
from tests.support.factories import House

#: Words of theirs: none may be anywhere once they are erased.
WORDS = (
    "錦織 圭太郎", "ニシコオリ ケイタロウ", "ニシコオリ", "1971-02-03", "080-9876-5432", "keitaro@nishikori.example",
    "old@nishikori.example", "錦織経営相談所", "7654321", "食品製造業の原価管理", "暗くて読めない", "内緒の理由",
    "ないしょの話",
)  # fmt: skip
ANSWERS = {
    "name": "錦織 圭太郎",
    "kana": "ニシコオリ ケイタロウ",
    "birth_date": "1971-02-03",
    "phone": "080-9876-5432",
    "mail": "keitaro@nishikori.example",
    "affiliation": "錦織経営相談所",
    "account_number": "7654321",
    "account_holder": "ニシコオリ ケイタロウ",
}


@dataclass
class Life:
    """An expert whose commission was ended, with everything on the way there."""

    person: PersonView
    application: str
    number: str
    words: tuple[str, ...]


def lived(house: House, organisation: str, approver: PersonView) -> Life:
    """From a returned application to an ended commission, with messages, uploads and wishes on the way."""
    at = house.clock
    made, person = factories.submitted(house, organisation, approver, **{**ANSWERS, "mail": "old@nishikori.example"})
    with house.database.unit() as uow:
        version = decide.read(uow, approver.actor, made).version
        decide.return_(uow, approver.actor, made, version, {"identity": "暗くて読めない"}, at())
    with house.database.unit() as uow:
        row = registration.lock(uow, made)
        assert row
        registration.save_answers(uow, row, {**factories.ANSWERS, **ANSWERS})
    with house.database.unit() as uow:
        submit.submit(uow, person.actor, made, at())
    factories.approve(house, approver.actor, made)
    _commission(house, made, person)
    with house.database.unit() as uow:
        _leave_traces(uow, house, made, person, approver)
    with house.database.unit() as uow:
        view = registration_views.load(uow, made)
        assert view
        commission.end(uow, factories.office_in(uow), made, view.version, "内緒の理由", at())
        found = people.by_id(uow, person.id)
        assert found
    return Life(found, made, view.number, (*WORDS, person.user_id))


def _commission(house: House, made: str, person: PersonView) -> None:
    from handlers.usecases import appointment

    factories.terms_published(house)
    factories.approve(house, factories.office(house), made)
    with house.database.unit() as uow:
        appointment.answer_terms(uow, person.actor, made, factories.TERMS_VERSION, house.clock(), agrees=True)
    house.services.letters.issue(factories.office(house), made)
    factories.accept(house, person, made)


def _leave_traces(uow: UnitOfWork, house: House, made: str, person: PersonView, approver: PersonView) -> None:
    at, said = house.clock(), "ないしょの話です。"
    row = uow.session.get(Application, made)
    assert row
    people.consent(uow, person.id, "2026-11", at)
    profile.add_change(uow, made, "basic", {"name": ANSWERS["name"], "kana": ANSWERS["kana"]}, at)
    if uow.session.get(Expert, person.id) is None:
        uow.session.add(Expert(person_id=person.id, application_id=made, since=at))
    uow.session.flush()
    uow.session.add(DayOff(person_id=person.id, day=date(2026, 12, 24)))
    uow.session.merge(ExpertSpeciality(person_id=person.id, speciality="経営戦略"))
    talk = {"answers": {"name": ANSWERS["name"]}}
    uow.session.add(Conversation(user_id=person.user_id, session=uow.vault.seal_json(talk)))
    for state in ("pending", "done", "dead"):
        body = json.dumps({"text": said, "userId": person.user_id}, ensure_ascii=False).encode()
        event = InboxEvent(event_id=f"event-{state}", user_id=person.user_id, occurred_ms=ms(at), received_ms=ms(at))
        event.body, event.state, event.error = body, state, "x" if state == "dead" else None
        uow.session.add(event)
    outbox.tell(uow, person.user_id, ApplicationReturned("R-1", "organisation", "x", (), "ないしょの話"), at)
    outbox.tell(uow, ANSWERS["mail"], ApplicationReturned("R-1", "organisation", "x", (), "x"), at, channel=outbox.MAIL)
    outbox.tell(uow, "old@nishikori.example", factories.notice(), at, channel=outbox.MAIL)
    outbox.tell(uow, approver.user_id, ApplicationSubmitted(made, 1, row.number or "", ANSWERS["name"]), at)
    uow.session.add(
        OutboxRow(
            retry_key="x", recipient=approver.user_id, channel="line", state="sent", not_before=at, created_at=at,
            body=f"{ANSWERS['name']}さんが…",
        )
    )  # fmt: skip
    uploads.begin(uow, "quarantine/one", person.id, at)
    other = factories.person(uow)
    uow.session.add(
        AccountMove(person_id=person.id, new_person_id=other.id, state="code_sent", code_digest="d" * 64, asked_at=at)
    )
    uow.session.flush()


def found_in(database: Database, words: Iterable[str]) -> list[str]:
    """Where any of the words stands in the database: in clear, or sealed with our own keys."""
    places: list[str] = []
    with database.read() as uow:
        for mapper in Base.registry.mappers:
            table = table_of(mapper.class_)
            for row in uow.session.execute(select(table)):
                for column, value in zip(table.columns, row, strict=True):
                    text = _text(uow, value) if isinstance(column.type, LargeBinary) else str(value)
                    places += [f"{table.name}.{column.name}: {word}" for word in words if word in text]
    return places


def _text(uow: UnitOfWork, value: bytes | None) -> str:
    if not value:
        return ""
    try:
        return uow.vault.open(value).decode("utf-8", "replace")
    except SealBroken:
        return value.decode("utf-8", "replace")
