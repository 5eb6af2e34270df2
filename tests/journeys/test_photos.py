"""Photos as people really send them: several at once, late, taken back, of the wrong kind."""

import io

from PIL import Image

from models.rules.registration import UNSORTED
from storage import papers, people, registration
from tests.support import photos
from tests.support.talks import fill_basic, invited
from tests.support.world import Phone, World


def held(world: World, expert: Phone) -> list[str]:
    """The kinds of photos the draft holds."""
    with world.service.database.read() as uow:
        person = people.by_user_id(uow, expert.user_id)
        assert person
        application = registration.latest_id(uow, person.id)
        return [paper.kind for paper in papers.current(uow, application)] if application else []


def at_photos(world: World) -> Phone:
    expert = invited(world, "山田")
    fill_basic(expert)
    expert.taps("写真")
    return expert


def test_several_at_once_are_counted_and_confirmed_together(world: World):
    expert = at_photos(world)
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.taps("このまま使う")
    expert.sends(*(photos.jpeg(1200, 800, f"side {n}") for n in range(3)))
    expert.sees("1/3枚", "2/3枚", "身分証明書を受け取りました（3枚）")
    assert held(world, expert).count("identity") == 3


def test_a_second_face_replaces_the_first(world: World):
    expert = at_photos(world)
    expert.sends(photos.jpeg(800, 1000, "one"))
    expert.sends(photos.jpeg(800, 1000, "two"))
    expert.sees("新しい写真に入れ替えました")
    assert held(world, expert) == ["face"]


def test_the_same_photo_twice_is_kept_once(world: World):
    expert = at_photos(world)
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.taps("このまま使う")
    photo = photos.jpeg(1200, 800, "identity")
    expert.sends(photo)
    expert.sends(photo)
    expert.sees("もう受け取っています")
    assert held(world, expert).count("identity") == 1
    files = [path for path in (world.service.settings.var / "files").rglob("*") if path.is_file()]
    assert len(files) == 2


def test_a_photo_for_the_wrong_question_is_kept_and_asked_about(world: World):
    expert = invited(world, "山田")
    expert.taps("基本情報")
    expert.sends(photos.jpeg(1200, 800, "identity"))
    expert.sees("この写真は何ですか")
    assert held(world, expert) == [UNSORTED]
    expert.taps("身分証明書")
    expert.sees("身分証明書として受け取りました")
    assert held(world, expert) == ["identity"]
    expert.taps("基本情報")
    expert.sees("1/10", "氏名")


def test_an_unsorted_photo_can_be_thrown_away(world: World):
    expert = invited(world, "山田")
    expert.sends(photos.jpeg(1200, 800, "holiday"))
    expert.taps("使わない")
    expert.sees("取り消しました")
    assert held(world, expert) == []
    expert.taps("プロフィール登録")
    expert.sees("0/4種類")


def test_a_small_photo_is_refused_with_its_size(world: World):
    expert = at_photos(world)
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.taps("このまま使う")
    expert.sends(photos.jpeg(640, 480, "identity"))
    expert.sees("小さくて文字が読めません（640×480）", "600ドット", "身分証明書の写真を送ってください")
    assert held(world, expert) == ["face"]


def test_taking_back_a_photo_removes_it_and_a_redelivered_original_stays_away(world: World):
    expert = at_photos(world)
    (event,) = expert.sends(photos.jpeg(800, 1000, "face"))
    assert held(world, expert) == ["face"]
    expert.unsends(event["message"]["id"])
    expert.sees("登録からも消しました")
    assert held(world, expert) == []
    world.platform.redeliver(event)
    world.settle()
    assert held(world, expert) == []


def test_a_photo_taken_back_before_it_is_handled_never_arrives(world: World):
    expert = at_photos(world)
    world.auto = False
    (event,) = expert.sends(photos.jpeg(800, 1000, "face"))
    expert.unsends(event["message"]["id"])
    world.auto = True
    world.settle()
    assert held(world, expert) == []
    expert.taps("登録状況")
    expert.sees("入力中")


def test_a_late_photo_is_not_taken_for_the_wrong_question(world: World):
    expert = at_photos(world)
    with world.platform.hold() as events:
        world.platform.send_photos(expert.user_id, [photos.jpeg(1200, 800, "late")])
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.taps("このまま使う")
    expert.seen = expert._last()
    world.platform.send_events(list(events))
    world.settle()
    expert.sees("遅れて届きました", "この写真は何ですか")
    assert sorted(held(world, expert)) == ["face", UNSORTED]


def test_a_stored_photo_is_sealed_upright_and_without_metadata(world: World):
    expert = at_photos(world)
    expert.sends(photos.jpeg(800, 1000, "face", exif_orientation=6, gps=True))
    (path,) = [path for path in (world.service.settings.var / "files").rglob("*") if path.is_file()]
    assert b"JFIF" not in path.read_bytes()
    image = Image.open(io.BytesIO(world.service.database.vault.open(path.read_bytes())))
    assert image.format == "JPEG"
    assert image.size == (1000, 800)
    assert not image.getexif()


def test_photos_of_a_submitted_application_are_not_taken_any_more(world: World):
    from tests.support.talks import registered

    expert = registered(world, world.approver("佐藤 恵"), "山田 太郎")
    expert.sends(photos.jpeg(1200, 800, "more"))
    expert.sees("いまは受け取れません")
