"""The database's tables, one aggregate a file. Importing this package knows them all."""

from models.tables import audit, base, conversation, organisation, person, registration, staff, system

__all__ = ["audit", "base", "conversation", "organisation", "person", "registration", "staff", "system"]
