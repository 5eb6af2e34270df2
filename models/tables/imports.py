"""Import of experts known from elsewhere: the file, and the invitation each line led to."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class ExpertImport(Base):
    """An uploaded file, kept sealed in the file store until it is done or thrown away. `state`: read, started, gone."""

    __tablename__ = "expert_imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    file_key: Mapped[str] = mapped_column(String(160))
    file_name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8))
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"))
    started_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]


class ImportedExpert(Base):
    """One imported line by its key's digest (importing it again changes nothing), with sealed answers to start from."""

    __tablename__ = "imported_experts"

    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    import_id: Mapped[str] = mapped_column(ForeignKey("expert_imports.id"), index=True)
    invitation_id: Mapped[str] = mapped_column(ForeignKey("invitations.id"), unique=True)
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
