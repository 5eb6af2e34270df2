"""Alembic's revisions: the only way to a schema."""
