"""The ways from one page about a person to the others, as far as this user may go them."""

from flask import url_for

from handlers.admin.context import actor
from models.rules.permissions import can

PAGES = (
    ("admin.expert", "専門家のページ", "queue.read"),
    ("admin.begin_move", "新しいLINEに移す", "move.decide"),
    ("admin.person_data", "個人データの書き出し・消去", "person.export"),
)
"""Endpoint, words, and the permission it asks for."""


def ways(person_id: str, here: str = "", *, expert: bool) -> list[tuple[str, str]]:
    """Other pages about this person that this user may open: (address, words).

    `here`: the endpoint one is at; `expert`: whether the person was ever commissioned.
    """
    closed = {here} if expert else {here, "admin.expert"}
    return [
        (url_for(page, person_id=person_id), words)
        for page, words, asked in PAGES
        if page not in closed and can(actor(), asked)
    ]
