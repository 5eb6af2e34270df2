"""Answers too big for the one who carries them (a Lambda function answers 6 MB at most) go by way of the file store.

The file is put there under a key nobody guesses, and the browser is sent to an address good for a minute; `jobs retain`
takes the file away again. A browser that has posted a form is shown a page which goes there by itself: the form's page
may not be led to another origin (`form-action`).
"""

import tempfile
from pathlib import Path
from typing import IO

from flask import Flask, Response, current_app, redirect, render_template, request

from storage.files import HANDOVER, FileStore, StoreUnavailable, new_key

SECONDS = 60
OF_THE_FILE = ("Content-Type", "Content-Disposition", "Content-Length", "Cache-Control", "ETag", "Last-Modified")


def install(app: Flask, files: FileStore, most: int) -> None:
    """Let no answer of this app be bigger than `most` bytes. Whatever is done to answers is done to ours after this."""

    def hand_over(response: Response) -> Response:
        if response.status_code != 200 or request.method == "HEAD" or not _may_be_big(response, most):
            return response
        try:
            return _handed_over(response, files, most)
        except StoreUnavailable as error:
            return current_app.make_response(current_app.handle_user_exception(error))

    app.after_request(hand_over)


def _may_be_big(response: Response, most: int) -> bool:
    """A stream that does not say how long it is must be read to know."""
    size = response.calculate_content_length() if not response.is_streamed else response.content_length
    return size is None or size > most


def _handed_over(response: Response, files: FileStore, most: int) -> Response:
    """What leads to the file; the answer itself when it was not big after all, or the store has no address to give."""
    kind = response.content_type or "application/octet-stream"
    name = response.headers.get("Content-Disposition", "attachment")
    key = new_key(HANDOVER)
    url = files.handover(key, kind, name, SECONDS)
    if not url:
        return response
    with tempfile.NamedTemporaryFile() as file:
        size = _written(response, file)
        if size <= most:
            return _whole(response, file)
        files.put_file(key, Path(file.name), kind)
    return _leading(response, url)


def _written(response: Response, file: IO[bytes]) -> int:
    try:
        for piece in response.iter_encoded():
            file.write(piece)
    finally:
        response.close()
    file.flush()
    return file.tell()


def _whole(response: Response, file: IO[bytes]) -> Response:
    file.seek(0)
    response.direct_passthrough = False
    response.set_data(file.read())
    return response


def _leading(response: Response, url: str) -> Response:
    """Cookies and all that was set for the answer stay; what was said of the file is said where it lies."""
    if request.method == "GET":
        leading = current_app.make_response(redirect(url, 303))
    else:
        page = render_template("handover.html", url=url, admin=request.path.startswith("/admin"))
        leading = Response(page)
    for name, value in response.headers:
        if name.title() not in {each.title() for each in OF_THE_FILE}:
            leading.headers.add(name, value)
    leading.headers["Cache-Control"] = "private, no-store"
    return leading
