"""Whatever is written into the audit can be read there: words, a group, and a page for what it is about."""

import pytest
from flask import Flask

from bot.text import catalogue
from handlers.admin import audit
from tests.support import audited

WRITTEN, UNREAD = audited.actions()


def test_every_action_can_be_read_from_the_source():
    assert not UNREAD, f"pass the action as a literal, or give its endings to tests/support/audited.ENDINGS: {UNREAD}"
    assert len(WRITTEN) > 50


def test_every_action_has_words_and_every_word_an_action():
    assert set(audit.actions()) == WRITTEN, "keep [audit.…] in bot/text/audit.toml in step with what is recorded"


@pytest.mark.parametrize("action", sorted(WRITTEN))
def test_every_action_belongs_to_a_group(action: str):
    assert audit.group_of(action), f"add {action} to GROUPS in handlers/admin/audit.py"
    words = catalogue()[f"audit.{action}"]
    assert not words.endswith("。")
    assert len(words) <= 24


def test_views_are_a_group_of_their_own():
    views = {action for action in WRITTEN if audit.group_of(action) == audit.VIEWS}
    assert views == {"papers.view", "letter.view", "evidence.view"}


def test_every_kind_of_subject_has_a_name_and_its_page_exists(app: Flask):
    missing = audited.kinds() - set(audit.KINDS)
    assert not missing, f"name these in KINDS in handlers/admin/audit.py: {missing}"
    for kind, (_, endpoint, argument) in audit.KINDS.items():
        if endpoint:
            rules = list(app.url_map.iter_rules(endpoint))
            assert any(rule.arguments == {argument} - {""} for rule in rules), f"{kind}: {endpoint} takes no {argument}"
