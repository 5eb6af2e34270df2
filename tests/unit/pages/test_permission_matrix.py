"""Who may open and press what on the secretariat's page: every route × method × role, generated from the routes.

Each cell is tried on things that exist. A new route fails here until it has its line in MAY.
"""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from handlers.pages import create_pages
from handlers.usecases import invitation
from models.rules.permissions import SYSTEM
from models.tables.audit import AuditEntry
from models.views.people import DeskView
from models.views.registration import ApplicationView
from storage import audit_lists, desks, moves, profile, registration_views, staff, tasks
from tests.support import factories
from tests.support.addresses import address
from tests.support.visitors import Browser

OPEN = {"log_in", "log_out", "forgot", "set_password", "static"}
"""Reached without a session; tested with the login."""
ROLES = ("reader", "clerk", "manager")
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
    "task GET": EVERYBODY,
    "terms_list GET": EVERYBODY,
    "terms_version GET": EVERYBODY,
    "troubles GET": EVERYBODY,
    "code_on POST": EVERYBODY,
    "code_off POST": EVERYBODY,
    "own_link POST": EVERYBODY,
    "presence POST": EVERYBODY,
    "add_desk POST": MANAGERS,
    "add_staff POST": MANAGERS,
    "change_desk POST": MANAGERS,
    "change_organisation POST": CLERKS,
    "change_setting POST": MANAGERS,
    "change_staff POST": MANAGERS,
    "create POST": CLERKS,
    "decide POST": CLERKS,
    "decide_change POST": CLERKS,
    "enter_code POST": CLERKS,
    "import_upload POST": CLERKS,
    "import_start POST": CLERKS,
    "import_throw_away POST": CLERKS,
    "issue_code POST": CLERKS,
    "issue_letters POST": CLERKS,
    "move_approver POST": CLERKS,
    "publish POST": MANAGERS,
    "publish_consent POST": MANAGERS,
    "refuse_move POST": CLERKS,
    "approve_move POST": CLERKS,
    "remove_approver POST": CLERKS,
    "remove_desk POST": MANAGERS,
    "revoke_code POST": CLERKS,
    "steer POST": CLERKS,
    "person_export POST": MANAGERS,
    "person_erase POST": MANAGERS,
    "log_out_everywhere POST": EVERYBODY,
}
"""By endpoint and method: the roles that may. Pages come first, then what changes little, then what ends something."""
NOT_ONESELF = (
    "application GET", "decide POST", "presence POST", "picture GET", "expert GET", "steer POST", "change GET",
    "decide_change POST", "change_picture GET", "approve_move POST", "refuse_move POST", "enter_code POST",
)  # fmt: skip
"""What a manager may do to others and not to the own self."""
REFUSED = {403, 404, 409, 422}
SESSIONS = "log_out_everywhere POST"
CELLS = [
    (cell, full) for cell in MAY if cell != SESSIONS for full in (False, True) if cell.endswith("POST") or not full
]
"""Every cell; a form is sent empty and then filled in."""


class Scene:
    """A secretariat with one of everything, and somebody logged in for each role."""

    def __init__(self, folder: Path) -> None:
        self.house = factories.open_house(folder)
        self.app = create_pages(self.house.services, factories.SECRET_KEY)
        at = self.house.clock()
        with self.house.database.unit() as uow:
            organisation = factories.organisation(uow)
            other_place = factories.organisation(uow, "札幌商工会議所", "北海道")
            approver = factories.approver(uow, organisation)
            desks.add(uow, DeskView("東日本", "03-1234-5678", "desk@example.jp", "平日", "東京都"))
            desk = desks.add(uow, DeskView("北海道", "03-1234-5678", "n@example.jp", "平日", "札幌市", ("北海道",)))
            other = factories.staff_user(uow, "other@example.jp")
            invitation.issue(uow, SYSTEM, organisation, "approver", at)
            task = tasks.add(uow, "letters", [], other.id, at)
            code = audit_lists.listed(uow, audit_lists.Wanted(actions=["invitation.issue_approver"]), "-at", 1, 0)
        waiting, _ = factories.approved_once(self.house, organisation, approver)
        commissioned, self.expert = factories.commissioned(self.house, organisation, approver)
        factories.accept(self.house, self.expert, commissioned)
        with self.house.database.unit() as uow:
            change = profile.add_change(uow, commissioned, "account", dict(factories.ANSWERS), at)
            move = moves.add(uow, self.expert.id, factories.person(uow).id, "ABCD2345", at + timedelta(minutes=9), at)
            moves.start_waiting(uow, move, at)
        self.values = {
            "application_id": waiting, "person_id": self.expert.id, "paper_id": self.paper(waiting, "face"),
            "change_id": change, "move_id": move, "task_id": task, "staff_id": other.id, "desk_id": desk,
            "organisation_id": organisation, "invitation_id": code[0].subject_id, "version": factories.TERMS_VERSION,
            "letter_id": factories.letter_of(self.house, commissioned).id,
        }  # fmt: skip
        self.own = {"application_id": commissioned, "paper_id": self.paper(commissioned, "face")}
        self.special = {
            "change_picture": {"paper_id": self.paper(commissioned, "bankbook")},
            "move_approver": {"person_id": approver.id},
            "remove_approver": {"person_id": approver.id},
        }
        self.form = {
            "reason": "x", "name": "新しい商工会", "prefecture": "東京都", "value": "20", "role": "reader",
            "why": "not_same", "typed": "山田 太郎",
            "application": waiting, "item": "face", "comment_face": "x", "terms_version": "2026-2", "terms_text": "x",
            "consent_version": "2026-3", "consent_text": "x", "email": "new@example.jp", "code": "ABCD2345",
            "organisation": other_place, "to": other_place, "phone": "03-1234-5678", "mail": "d@example.jp",
            "address": "x", "hours": "平日", "prefectures": "青森県",
        }  # fmt: skip
        self.browsers = {role: self.somebody(role) for role in ROLES}
        self._imported()

    def _imported(self) -> None:
        """A file read in, and a version of the privacy text, put there as one would."""
        boss = self.browsers["manager"]
        boss.post("/admin/consent", consent_version=factories.TERMS_VERSION, consent_text="個人情報の取扱い")
        file = (BytesIO(boss.get("/admin/import/template.csv").data), "experts.csv")
        kept = boss.client.post("/admin/import", data={"csrf_token": boss.token, "file": file})
        self.values["import_id"] = kept.headers["Location"].rsplit("/", 1)[1]

    def somebody(self, role: str, name: str = "", person_id: str | None = None) -> Browser:
        email = f"{name or role}@example.jp"
        with self.house.database.unit() as uow:
            factories.staff_user(uow, email, role, person_id)
        browser = Browser(self.app.test_client())
        browser.log_in(email)
        return browser

    def paper(self, application_id: str, kind: str) -> str:
        return self.view(application_id).papers_of(kind)[0].id

    def view(self, application_id: str) -> ApplicationView:
        with self.house.database.read() as uow:
            found = registration_views.load(uow, application_id)
        assert found
        return found

    def rules(self) -> Iterator[tuple[str, str, Rule]]:
        """Every (endpoint, method, rule) of the secretariat's page behind the login."""
        for rule in self.app.url_map.iter_rules():
            endpoint = rule.endpoint.removeprefix("admin.")
            if rule.endpoint.startswith("admin.") and endpoint not in OPEN:
                for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                    yield endpoint, method, rule

    def ask(self, browser: Browser, cell: str, *, full: bool, own: bool = False) -> TestResponse:
        """Open or press what a cell names; `full`: with a form that would do for a user who may."""
        endpoint, method = cell.split()
        rule = next(rule for name, verb, rule in self.rules() if (name, verb) == (endpoint, method))
        values = {**self.values, **self.special.get(endpoint, {}), **(self.own if own else {})}
        path = address(rule, values)
        if method == "GET":
            return browser.get(path)
        place = self.own if endpoint in ("steer", "decide_change") or own else self.values
        form = {**self.form, "version": str(self.view(place["application_id"]).version)} if full else {}
        return browser.post(path, **form)

    def changes(self) -> int:
        """How many entries of the audit are more than a look."""
        views = ("papers.view", "letter.view", "list.export", "staff.log_in", "staff.prove")
        with self.house.database.read() as uow:
            query = select(func.count()).select_from(AuditEntry).where(AuditEntry.action.not_in(views))
            return uow.session.scalar(query) or 0


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
