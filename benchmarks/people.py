"""People in the middle of 基本情報, made through the service's own doors."""

from datetime import UTC, datetime

from bot.engine import begin
from bot.forms.registration import basic
from bot.line.richmenus import NEWCOMER
from bot.session import to_json
from handlers.usecases.registration.draft import give_consent
from models.rules.calendar import to_jst
from models.tables.conversation import Conversation
from storage import organisations, people, registration
from storage.database import Database, UnitOfWork

ANSWERS = (
    "山田 太郎", "ヤマダ タロウ", "1980年4月1日", "090-1234-5678", "taro@example.jp", "山田経営研究所",
    "東京都", "①公的資格",
)  # fmt: skip
"""One answer a turn, each to the question that the one before led to."""


def seed(database: Database, user_ids: list[str]) -> None:
    """Each has a code spent, has consented, and is asked for the name."""
    now = datetime.now(UTC)
    with database.unit() as uow:
        name = "千代田商工会"
        organisation_id = organisations.id_by_name(uow, name) or organisations.create(uow, name, "東京都", now)
        for user_id in user_ids:
            _seed(uow, user_id, organisation_id, now)


def _seed(uow: UnitOfWork, user_id: str, organisation_id: str, now: datetime) -> None:
    person = people.ensure(uow, user_id, now)
    people.set_menu(uow, person.id, NEWCOMER.alias)
    give_consent(uow, person, now)
    application = registration.create(uow, person.id, organisation_id, None, None, now)
    session = begin(basic(to_jst(now).date()), {}, subject=application, revision=1).session
    assert session
    sealed = uow.vault.seal_json({"running": to_json(session)})
    uow.session.add(Conversation(user_id=user_id, session=sealed))
