"""Alembic's environment: runs on the engine that `storage.schema` hands over."""

from typing import Literal

from alembic import context

from models.tables import base


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, base.UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=base.Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
