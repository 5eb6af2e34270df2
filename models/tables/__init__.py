"""The database's tables, one aggregate a file. Importing this package knows them all."""

from models.tables import (
    appointment,
    audit,
    base,
    conversation,
    dispatch,
    expert,
    imports,
    organisation,
    person,
    registration,
    staff,
    system,
    visit,
)

__all__ = [
    "appointment", "audit", "base", "conversation", "dispatch", "expert", "imports", "organisation", "person",
    "registration", "staff", "system", "visit",
]  # fmt: skip
