"""Files sent from pages: what a page's script is told, and where the forms of a folder store are posted to."""

from collections.abc import Iterator
from typing import IO

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from handlers import uploads
from handlers.headers import may
from handlers.web.context import services
from models.rules.permissions import Actor
from storage.files import FolderStore
from storage.images import MAX_BYTES
from storage.upload_forms import FormRefused

CHUNK = 64 * 1024
FIELDS_BYTES_MAX = 16 * 1024
AROUND_THE_FILE = 64 * 1024
STATUS_OF = {"form": 403, "large": 413, "empty": 400}


def routes(bp: Blueprint) -> None:
    """Put the address of a folder's forms on the blueprint."""
    bp.add_url_rule("/upload", view_func=receive, methods=["POST"])


def form_for(actor: Actor) -> Response:
    """What upload.js asks before it sends a file: the key, and the form to post it with."""
    key, form = uploads.begin(services(), actor)
    return jsonify(key=key, url=form.url, fields=form.fields)


def may_upload(response: Response) -> Response:
    """Let this page post files to where the store takes them; every page with an upload field is given this."""
    origin = services().files.upload_origin()
    return may(response, connections=(origin,)) if origin else response


def receive() -> tuple[str, int]:
    """A file posted with a form of a folder store, written as it comes; as S3 does, 204 when it is there."""
    store = services().files
    if not isinstance(store, FolderStore):
        abort(404)
    request.max_content_length = MAX_BYTES + AROUND_THE_FILE
    parts = _Parts(request.stream, request.mimetype_params.get("boundary", ""))
    try:
        store.receive(parts.fields(), parts.file())
    except FormRefused as refused:
        abort(STATUS_OF[refused.why])
    except ValueError:
        abort(400)
    return "", 204


class _Parts:
    """A multipart form read as it arrives: small fields first, then one file. ValueError for anything else."""

    def __init__(self, stream: IO[bytes], boundary: str) -> None:
        self._stream = stream
        self._decoder = MultipartDecoder(boundary.encode(), max_form_memory_size=2 * CHUNK)

    def fields(self) -> dict[str, str]:
        """Everything before the file."""
        found: dict[str, bytes] = {}
        name = ""
        while not isinstance(event := self._next(), File | Epilogue):
            if isinstance(event, Field):
                name = event.name
                found[name] = b""
            elif isinstance(event, Data) and name:
                found[name] += event.data
            if sum(map(len, found.values())) > FIELDS_BYTES_MAX:
                raise RequestEntityTooLarge
        return {key: value.decode() for key, value in found.items()}

    def file(self) -> Iterator[bytes]:
        """The file's bytes."""
        while isinstance(event := self._next(), Data):
            yield event.data
            if not event.more_data:
                return

    def _next(self) -> Event:
        while isinstance(event := self._decoder.next_event(), NeedData):
            self._decoder.receive_data(self._stream.read(CHUNK) or None)
        return event
