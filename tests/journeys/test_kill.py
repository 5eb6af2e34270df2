"""The worker killed at each step of a turn: afterwards each effect is there exactly once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from handlers.usecases import staff
from models.notices import InvitationUsed
from models.rules.permissions import SYSTEM
from storage import outbox
from tests.support import photos
from tests.support.databases import KINDS, fresh
from tests.support.drafts import application_of, filled, joined, submitted
from tests.support.killer import POINTS, Killer
from tests.support.ledger import Ledger
from tests.support.world import Phone, World, open_world

TURN = (
    "after the claim", "after the event was marked, before anything else", "before the session is written",
    "just before the commit", "right after the commit", "before the reply", "after the reply, before it is marked",
    "while the results are written", "after the results were written",
)  # fmt: skip
NOTICES = (
    "after the notice was frozen", "before the first push", "after the first push", "between two rows",
    "after the last push",
)  # fmt: skip
PHOTO = (
    "after the claim", "before the photo is fetched", "after the photo was fetched", "while the photo is put away",
    "after the photo was put away", "just before the commit", "right after the commit",
    "after the reply, before it is marked",
)  # fmt: skip


@dataclass
class Scene:
    """A world whose worker can be killed."""

    world: World
    killer: Killer
    var: Path
    url: str
    approver: Phone
    people: int = 0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.world.service.database)

    def name(self) -> str:
        self.people += 1
        return f"山田 {'一二三四五六七八九'[self.people % 9]}{'郎太介子美'[self.people // 9]}"

    def dies(self, point: str, *phones: Phone) -> None:
        """A worker attends to these people and is killed at the point."""
        port = str(urlsplit(self.world.base_url).port)
        environment = {"DATABASE_URL": self.url, "PORT": port}
        self.world.clock.forward(seconds=1)
        ids = [phone.user_id for phone in phones]
        assert self.killer.run(environment, self.var, self.world.clock(), ids, point), f"{point}: not reached"

    def another_worker(self, seconds: float = 2) -> None:
        """Another worker comes by once the dead one's lease is over."""
        self.world.clock.forward(seconds=seconds)
        self.ledger.let_leases_end()
        self.world.settle()


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    started = Killer.start()
    yield started
    started.stop()


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, killer: Killer) -> Iterator[Scene]:
    var = tmp_path_factory.mktemp("kill")
    url = fresh(request.param, var)
    with open_world(var, url) as world:
        yield Scene(world, killer, var, url, world.approver("佐藤 恵"))


def _seen(phone: Phone) -> int:
    phone.seen = phone._last()
    return phone.seen


def _submit_unattended(scene: Scene) -> Phone:
    """承認依頼 is confirmed, stored and acknowledged; no worker has seen it yet."""
    expert = filled(scene.world, scene.approver, scene.name())
    expert.taps("承認依頼を送る")
    _seen(scene.approver)
    scene.world.auto = False
    expert.taps("この内容で送る")
    scene.world.auto = True
    return expert


def _submitted_once(scene: Scene, expert: Phone) -> None:
    view = application_of(scene.world, expert)
    assert view.state == "organisation_review"
    ledger = scene.ledger
    assert ledger.one("SELECT count(*) FROM submissions WHERE application_id = :id", id=view.id) == 1
    audits = "SELECT count(*) FROM audit WHERE subject_id = :id AND action = 'application.submit'"
    assert ledger.one(audits, id=view.id) == 1
    assert set(ledger.events(expert.user_id)) == {"done"}
    assert not ledger.rows("SELECT seq FROM outbox WHERE state <> 'sent'")
    assert sum(f"【要対応】{expert.name}さん" in words for words in scene.approver.answers) == 1


@pytest.mark.parametrize("point", TURN)
def test_a_submission_survives_the_death_of_its_worker(scene: Scene, point: str):
    expert = _submit_unattended(scene)
    scene.dies(point, expert)
    scene.another_worker()
    _submitted_once(scene, expert)
    said = sum("承認依頼を送りました" in words for words in expert.answers)
    unknown = point in ("after the reply, before it is marked", "while the results are written")
    assert said == (2 if unknown else 1)


@pytest.mark.parametrize("point", TURN[3:7])
def test_it_also_survives_when_help_comes_late_and_the_reply_token_is_dead(scene: Scene, point: str):
    expert = _submit_unattended(scene)
    scene.dies(point, expert)
    scene.another_worker(seconds=600)
    _submitted_once(scene, expert)
    said = sum("承認依頼を送りました" in words for words in expert.answers)
    assert said == (2 if point == "after the reply, before it is marked" else 1)


@pytest.mark.parametrize("point", NOTICES)
def test_each_notice_is_seen_once_and_in_order(scene: Scene, point: str):
    """Three notices to the approver: two that waited and the new one."""
    expert = _submit_unattended(scene)
    with scene.world.service.database.unit() as uow:
        for name in ("甲商工会", "乙商工会"):
            outbox.tell(uow, scene.approver.user_id, InvitationUsed(name), scene.world.clock())
    scene.dies(point, expert, scene.approver)
    scene.another_worker()
    _submitted_once(scene, expert)
    shown = scene.approver.answers
    assert len(shown) == 3, shown
    assert expert.name in shown[2]


@pytest.mark.parametrize("point", PHOTO)
def test_a_photo_is_kept_once(scene: Scene, point: str):
    expert = joined(scene.world, scene.approver, scene.name())
    expert.taps("写真")
    scene.world.auto = False
    expert.sends(photos.jpeg(800, 1000, f"face {expert.name}"))
    scene.world.auto = True
    scene.dies(point, expert)
    scene.another_worker()
    (paper,) = application_of(scene.world, expert).papers
    assert paper.kind == "face"
    sealed = scene.world.service.files.get(paper.file_key)
    assert scene.world.service.database.vault.open(sealed).startswith(b"\xff\xd8")
    assert set(scene.ledger.events(expert.user_id)) == {"done"}
    said = sum("顔写真を受け取りました" in words for words in expert.answers)
    assert said == (2 if point.startswith("after the reply") else 1)


def test_a_batch_is_finished_from_where_its_worker_died(scene: Scene):
    """Five answers in one body; the worker dies after the second turn's commit."""
    expert = joined(scene.world, scene.approver, scene.name())
    expert.taps("基本情報")
    with scene.world.platform.hold() as held:
        for words in (expert.name, "ヤマダ タロウ", "1980-04-01", "09012345678", "a@example.jp"):
            scene.world.platform.say(expert.user_id, words)
    _seen(expert)
    assert scene.world.platform.send_events(held, duplicate=True) == [200, 200]
    scene.dies("right after the commit", expert)
    scene.ledger.let_leases_end()
    scene.dies("just before the commit", expert)
    scene.another_worker()
    answers = application_of(scene.world, expert).answers
    assert list(answers) == ["name", "kana", "birth_date", "phone", "mail"]
    expert.sees("所属")
    assert set(scene.ledger.events(expert.user_id)) == {"done"}


def test_a_code_is_spent_once(scene: Scene):
    from tests.support.drafts import code_by

    code = code_by(scene.world, scene.approver)
    expert = scene.world.phone(scene.name())
    expert.follows()
    scene.world.auto = False
    expert.says(f"招待コード {code}")
    scene.world.auto = True
    scene.dies("just before the commit", expert)
    scene.ledger.let_leases_end()
    scene.dies("right after the commit", expert)
    scene.another_worker()
    assert sum("招待を確認しました" in words for words in expert.answers) == 1
    assert scene.ledger.one("SELECT count(*) FROM applications a JOIN people p ON p.id = a.person_id"
                            " WHERE p.user_id = :user", user=expert.user_id) == 1  # fmt: skip


def test_the_menu_is_linked_in_the_end(scene: Scene):
    newcomer = scene.world.phone(scene.name())
    scene.world.auto = False
    newcomer.follows()
    scene.world.auto = True
    scene.dies("after the menu was linked", newcomer)
    scene.another_worker()
    assert scene.world.platform.phone(newcomer.user_id).menu_id
    assert sum("友だち追加ありがとうございます" in words for words in newcomer.answers) == 1
    assert not scene.ledger.rows("SELECT seq FROM outbox WHERE state <> 'sent'")


def test_a_decision_is_made_once_and_its_mail_leaves(scene: Scene):
    expert = submitted(scene.world, scene.approver, scene.name())
    with scene.world.service.database.unit() as uow:
        if not scene.ledger.rows("SELECT 1 FROM staff"):
            staff.create(uow, SYSTEM, "clerk@example.jp", "事務局", "x", "clerk", scene.world.clock())
    scene.approver.taps("内容を見る")
    scene.approver.taps("承認する")
    _seen(expert)
    letters = len(list((scene.var / "mail").glob("*.eml")))
    scene.world.auto = False
    scene.approver.taps("承認する")
    scene.world.auto = True
    scene.dies("after a mail left", scene.approver)
    scene.another_worker(seconds=300)
    view = application_of(scene.world, expert)
    assert [decision.answer for decision in view.decisions] == ["approve"]
    assert view.state == "secretariat_review"
    assert sum("を承認しました。次は事務局の審査です" in words for words in expert.answers) == 1
    assert len(list((scene.var / "mail").glob("*.eml"))) - letters in (1, 2)
    assert not scene.ledger.rows("SELECT seq FROM outbox WHERE state <> 'sent'")


def test_every_point_is_used():
    used = {*TURN, *NOTICES, *PHOTO, "after the menu was linked", "after a mail left"}
    assert used == set(POINTS)
