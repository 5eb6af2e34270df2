"""A picture that a Lambda function could not answer is shown smaller, at once and to everybody; others as they are."""

import io
import os

from flask import Flask
from PIL import Image

from handlers.pictures import SHOWN_MOST, send_sealed
from tests.support.factories import House


def noise(side: int) -> bytes:
    """The worst there is for JPEG, as we keep pictures."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(buffer, "JPEG", quality=88, optimize=True)
    return buffer.getvalue()


def shown(app: Flask, house: House, jpeg: bytes) -> bytes:
    services = house.services
    services.files.put("photos/one", services.database.vault.seal(jpeg), "image/jpeg")
    with app.test_request_context("/"):
        return send_sealed(services, "photos/one").get_data()


def test_pure_noise_is_shown_smaller(app: Flask, house: House):
    jpeg = noise(3000)
    assert len(jpeg) > SHOWN_MOST
    found = shown(app, house, jpeg)
    assert len(found) < SHOWN_MOST
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (2000, 2000)


def test_what_fits_is_shown_as_it_is(app: Flask, house: House):
    jpeg = noise(1000)
    assert shown(app, house, jpeg) == jpeg
