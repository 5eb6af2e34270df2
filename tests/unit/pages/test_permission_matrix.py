"""Who may open and press what on the secretariat's page: every route × method × role, generated from the routes.

Each cell is tried on things that exist. A new route fails here until it has its line in MAY.
"""

from collections.abc import Iterator

import pytest

from storage import staff
from tests.support.addresses import address
from tests.support.scene import ROLES, Scene
from tests.support.visitors import Browser

EVERYBODY, CLERKS, MANAGERS = ROLES, ROLES[1:], ROLES[2:]
MAY: dict[str, tuple[str, ...]] = {
    "account GET": EVERYBODY,
    "application GET": EVERYBODY,
    "application_list GET": EVERYBODY,
    "application_list_export GET": EVERYBODY,
    "audit_list GET": MANAGERS,
    "audit_list_export GET": MANAGERS,
    "begin_move GET": EVERYBODY,
    "change GET": EVERYBODY,
    "change_list GET": EVERYBODY,
    "change_list_export GET": EVERYBODY,
    "change_picture GET": EVERYBODY,
    "consent_list GET": EVERYBODY,
    "consent_version GET": EVERYBODY,
    "desk GET": EVERYBODY,
    "desk_list GET": EVERYBODY,
    "desk_list_export GET": EVERYBODY,
    "dispatch GET": EVERYBODY,
    "dispatch_expert GET": CLERKS,
    "dispatch_list GET": EVERYBODY,
    "dispatch_list_export GET": EVERYBODY,
    "dispatch_time GET": CLERKS,
    "expert GET": EVERYBODY,
    "expert_list GET": EVERYBODY,
    "expert_list_export GET": EVERYBODY,
    "import_errors GET": CLERKS,
    "import_list GET": CLERKS,
    "import_preview GET": CLERKS,
    "import_template GET": EVERYBODY,
    "letter_document GET": EVERYBODY,
    "letter_list GET": EVERYBODY,
    "letter_list_export GET": EVERYBODY,
    "move GET": EVERYBODY,
    "move_list GET": EVERYBODY,
    "move_list_export GET": EVERYBODY,
    "new_desk GET": MANAGERS,
    "organisation GET": EVERYBODY,
    "organisation_list GET": EVERYBODY,
    "organisation_list_export GET": EVERYBODY,
    "person_data GET": MANAGERS,
    "picture GET": EVERYBODY,
    "setting GET": EVERYBODY,
    "setting_list GET": EVERYBODY,
    "staff_list GET": MANAGERS,
    "staff_list_export GET": MANAGERS,
    "staff_user GET": MANAGERS,
    "start GET": EVERYBODY,
    "status GET": CLERKS,
    "task GET": EVERYBODY,
    "terms_list GET": EVERYBODY,
    "terms_version GET": EVERYBODY,
    "troubles GET": EVERYBODY,
    "visit GET": EVERYBODY,
    "visit_list GET": EVERYBODY,
    "visit_list_export GET": EVERYBODY,
    "visit_photo GET": EVERYBODY,
    "visit_signature GET": EVERYBODY,
    "code_on POST": EVERYBODY,
    "code_off POST": EVERYBODY,
    "own_link POST": EVERYBODY,
    "presence POST": EVERYBODY,
    "accept_visits POST": CLERKS,
    "add_desk POST": MANAGERS,
    "add_staff POST": MANAGERS,
    "change_desk POST": MANAGERS,
    "change_organisation POST": CLERKS,
    "change_setting POST": MANAGERS,
    "change_staff POST": MANAGERS,
    "correct_visit POST": CLERKS,
    "create POST": CLERKS,
    "decide POST": CLERKS,
    "decide_change POST": CLERKS,
    "ask_expert POST": CLERKS,
    "dispatch_step POST": CLERKS,
    "dispatch_stop POST": CLERKS,
    "enter_code POST": CLERKS,
    "fix_time POST": CLERKS,
    "import_upload POST": CLERKS,
    "import_start POST": CLERKS,
    "import_throw_away POST": CLERKS,
    "issue_code POST": CLERKS,
    "issue_letters POST": CLERKS,
    "judge_visit POST": CLERKS,
    "move_approver POST": CLERKS,
    "publish POST": MANAGERS,
    "publish_consent POST": MANAGERS,
    "refuse_move POST": CLERKS,
    "approve_move POST": CLERKS,
    "remove_approver POST": CLERKS,
    "remove_desk POST": MANAGERS,
    "revoke_code POST": CLERKS,
    "steer POST": CLERKS,
    "undo_visit POST": CLERKS,
    "ask_others POST": CLERKS,
    "try_again POST": CLERKS,
    "put_away POST": CLERKS,
    "person_export POST": MANAGERS,
    "person_erase POST": MANAGERS,
    "log_out_everywhere POST": EVERYBODY,
}
"""By endpoint and method: the roles that may. Pages come first, then what changes little, then what ends something."""
NOT_ONESELF = (
    "application GET", "decide POST", "presence POST", "picture GET", "expert GET", "steer POST", "change GET",
    "decide_change POST", "change_picture GET", "approve_move POST", "refuse_move POST", "enter_code POST",
    "dispatch GET", "dispatch_time GET", "dispatch_expert GET", "fix_time POST", "ask_expert POST",
    "dispatch_step POST", "dispatch_stop POST",
    "visit GET", "visit_photo GET", "visit_signature GET", "judge_visit POST", "correct_visit POST", "undo_visit POST",
)  # fmt: skip
"""What a manager may do to others and not to the own self."""
REFUSED = {403, 404, 409, 422}
SESSIONS = "log_out_everywhere POST"
CELLS = [
    (cell, full) for cell in MAY if cell != SESSIONS for full in (False, True) if cell.endswith("POST") or not full
]
"""Every cell; a form is sent empty and then filled in."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("matrix"))
    yield made
    made.house.database.close()


def test_every_route_has_its_line(scene: Scene) -> None:
    found = {f"{endpoint} {method}" for endpoint, method, _ in scene.rules()}
    assert not found - set(MAY), f"say in MAY who may, and give Scene something to try it on: {found - set(MAY)}"
    assert not set(MAY) - found, f"these routes are gone, take them out of MAY: {set(MAY) - found}"
    assert set(NOT_ONESELF) <= found


def test_nobody_and_who_left_are_sent_to_the_login(scene: Scene) -> None:
    left = scene.somebody("manager", "left")
    with scene.house.database.unit() as uow:
        user = staff.by_email(uow, "left@example.jp")
        assert user
        user.ended_at = scene.house.clock()
    stranger = Browser(scene.app.test_client())
    stranger.get("/admin/login")
    before = scene.changes()
    for browser in (stranger, left):
        for endpoint, method, rule in scene.rules():
            path = address(rule, scene.values)
            if method == "GET":
                assert "/admin/login" in browser.get(path).headers["Location"], endpoint
            else:
                assert browser.post(path, **scene.form).status_code == 400, endpoint
    assert scene.changes() == before


@pytest.mark.parametrize("cell", NOT_ONESELF)
def test_nobody_works_on_oneself(scene: Scene, cell: str) -> None:
    browser = scene.browsers.get("self") or scene.somebody("manager", "self", scene.expert.id)
    scene.browsers["self"] = browser
    before = scene.changes()
    for full in (False, True):
        assert scene.ask(browser, cell, full=full, own=True).status_code in REFUSED
    assert scene.changes() == before


@pytest.mark.parametrize(("cell", "full"), CELLS)
def test_a_cell(scene: Scene, cell: str, full: bool) -> None:
    for role in ROLES:
        before = scene.changes()
        answer = scene.ask(scene.browsers[role], cell, full=full)
        assert answer.status_code < 500, role
        if role not in MAY[cell]:
            assert answer.status_code in ({403} if cell.endswith("GET") else REFUSED), role
            assert scene.changes() == before, f"a {role} is refused, and yet something changed"
        elif cell.endswith("GET"):
            assert answer.status_code == 200, role
        else:
            assert answer.status_code != 403, role
        answer.close()


def test_everybody_ends_the_own_sessions(scene: Scene) -> None:
    for role in MAY[SESSIONS]:
        assert scene.ask(scene.browsers[role], SESSIONS, full=False).status_code == 302
        assert scene.browsers[role].get("/admin/").status_code == 302
