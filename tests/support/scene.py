"""A secretariat with one of everything that a page can show, and somebody logged in for each role."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from handlers.pages import create_pages
from handlers.usecases import invitation
from models.rules.dispatch import Status, Why
from models.rules.permissions import SYSTEM
from models.tables.audit import AuditEntry
from models.views.people import DeskView
from models.views.registration import ApplicationView
from storage import audit_lists, desks, moves, profile, registration_views, tasks
from tests.support import dispatches, factories, given_up, judging
from tests.support.addresses import address
from tests.support.examining import BAD, FINE, Told
from tests.support.visitors import Browser

OPEN = {"log_in", "log_out", "forgot", "set_password", "static"}
"""Reached without a session."""
ROLES = ("reader", "clerk", "manager")


class Scene:
    """A secretariat with one of everything, and somebody logged in for each role."""

    def __init__(self, folder: Path) -> None:
        self.house = factories.open_house(folder)
        self.house.services = replace(self.house.services, examiner=Told([*FINE, *BAD]))
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
            troubled = {"messages": given_up.message(uow, at), "events": given_up.event(uow, at)}
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
            "what": "messages", "letter_id": factories.letter_of(self.house, commissioned).id,
        }  # fmt: skip
        self.dispatch = dispatches.request(
            self.house, organisation, approver, self.expert, status=Status.NEEDS_COORDINATION, why=Why.NO_AGREEMENT
        )
        self.values["dispatch_id"] = self.dispatch.id
        self.visit = judging.visited(self.house, organisation, approver, self.expert)
        with self.house.database.read() as uow:
            photo, signature = judging.pictures(uow, self.visit)
        self.values |= {"visit_id": self.visit.dispatch.id, "photo_id": photo, "attendance_id": signature}
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
            "row": str(troubled["messages"]),
            "words": "電話で確かめました",
            "comment": "電話で確かめました", "category": "other", "person": self.expert.id,
            **dict.fromkeys(("day", "day1"), "2026-12-03"), **dict.fromkeys(("from", "from1"), "13:00"),
            **dict.fromkeys(("to", "to1"), "15:00"),
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
        of_dispatch = "dispatch_id" in rule.arguments
        version = self.dispatch.version if of_dispatch else self.view(place["application_id"]).version
        if "visit_id" in rule.arguments or endpoint == "accept_visits":
            version = self.visit.visit.version
        ticked = f"{self.values['visit_id']}.{version}"
        form = {**self.form, "version": str(version), "visit": ticked} if full else {}
        return browser.post(path, **form)

    def changes(self) -> int:
        """How many entries of the audit are more than a look."""
        views = ("papers.view", "letter.view", "evidence.view", "list.export", "staff.log_in", "staff.prove")
        with self.house.database.read() as uow:
            query = select(func.count()).select_from(AuditEntry).where(AuditEntry.action.not_in(views))
            return uow.session.scalar(query) or 0
