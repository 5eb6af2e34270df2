"""The file store: a probe is written, read and taken away; a bucket is as closed and as kept as it must be."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from handlers.checks.database import room
from handlers.checks.finding import Finding, error, fine, unknown, warning
from storage import bucket
from storage.files import FileMissing, FileStore, StoreUnavailable, new_key

if TYPE_CHECKING:
    from handlers.bootstrap import Service

PROBE = b"chusho119"
CODES = {
    "private": ("bucket_private", "bucket_public", error),
    "encrypted": ("bucket_encrypted", "bucket_bare", warning),
    "versioned": ("bucket_versioned", "bucket_unversioned", warning),
    "cors": ("bucket_cors", "bucket_no_cors", error),
    "lifecycle": ("bucket_clears", "bucket_fills", warning),
    "kept": ("bucket_keeps", "bucket_eats", error),
}
"""By question: what is said when it is so, what when it is not, and how bad that is."""


def look(service: "Service") -> Iterator[Finding]:
    """First whether it works at all, then how it is set."""
    store = service.files
    try:
        store.check()
        _probe(store)
    except (StoreUnavailable, FileMissing) as problem:
        yield error("files_down", str(getattr(problem, "reason", problem)))
        return
    yield fine("files_answer")
    at = service.settings
    if at.file_store_url.startswith("file:"):
        yield room(Path(unquote(urlsplit(at.file_store_url).path)))
    parts = urlsplit(at.public_base_url)
    state = bucket.state(store, f"{parts.scheme}://{parts.netloc}")
    if state is not None:
        yield from _bucket(state, f"{parts.scheme}://{parts.netloc}")


def _probe(store: FileStore) -> None:
    """Write, read, forget; a probe that cannot be forgotten is a failure like the others."""
    key = new_key("probe")
    store.put(key, PROBE, "text/plain")
    try:
        if store.get(key, len(PROBE)) != PROBE:
            raise StoreUnavailable("the probe came back changed")
    finally:
        store.delete(key)


def _bucket(state: bucket.BucketState, origin: str) -> Iterator[Finding]:
    unasked: list[str] = []
    for question, (yes, no, badly) in CODES.items():
        answer = getattr(state, question)
        if answer is None:
            unasked.append(question)
        elif answer:
            yield fine(yes)
        else:
            yield badly(no, private=origin if question == "cors" else "")
    if unasked:
        yield unknown("bucket_unasked", more=tuple(unasked), count=len(unasked))
