"""A person with a LINE account, and their consents."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Person(Base):
    """Somebody who talks to us on LINE. `mail` is where notices go while LINE is blocked."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str | None] = mapped_column(String(120))
    mail: Mapped[str | None] = mapped_column(String(254))
    menu: Mapped[str | None] = mapped_column(String(32))
    blocked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Consent(Base):
    """Who agreed to which version of the privacy text, and when."""

    __tablename__ = "consents"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    version: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
