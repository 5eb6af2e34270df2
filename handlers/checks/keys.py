"""FIELD_KEYS and DIGEST_KEY: they open and find what is stored, and whether an old one is still needed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, warning
from storage import reseal, seals
from storage.database import Database
from storage.secrets import Vault

if TYPE_CHECKING:
    from handlers.bootstrap import Service


def look(service: "Service") -> Iterator[Finding]:
    """Whether they open what is stored, and find what was digested; settings that hold no keys do not get this far."""
    keys, database = service.settings.field_keys, service.database
    yield fine("keys_valid", count=len(keys))
    yield from _opened(database, keys)
    with database.read() as uow:
        fits = reseal.digests_fit(uow)
    if not fits:
        yield error("keys_digest")


def _opened(database: Database, keys: tuple[str, ...]) -> Iterator[Finding]:
    with database.read() as uow:
        samples = seals.samples(uow)
    opened = seals.opened_by([Vault([key]) for key in keys], samples)
    shut = tuple(sorted({sample.place for sample, key in opened if key is None}))
    if shut:
        yield error("keys_shut", more=shut, count=sum(key is None for _, key in opened))
    elif not opened:
        yield fine("keys_untried")
    else:
        yield fine("keys_open", count=len(opened))
    if len(keys) > 1 and not shut and opened:
        old = any(key for _, key in opened)
        yield warning("keys_old_used") if old else fine("keys_old_idle")
