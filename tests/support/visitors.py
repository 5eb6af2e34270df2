"""A user's browser without a browser: Flask's test client that fills in forms as a page would."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import factories

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser:
    """A user's browser: carries cookies, fills in the CSRF token like a form does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        response = self.client.get(path, **options)
        found = TOKEN.search(response.text) if response.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return response

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **form})

    def log_in(self, email: str = "clerk@example.jp", code: str = "") -> TestResponse:
        self.get("/admin/login")
        response = self.post("/admin/login", email=email, password=factories.PASSWORD, code=code)
        self.get("/admin/account")
        return response
