"""専門家を探す as a talk: two questions, experts as cards, and the way into the request."""

from sqlalchemy import select

from bot.postbacks import CardTap, encode
from models.rules.fields import Value
from models.tables.expert import Expert
from storage import organisations, people, profile
from tests.journeys.test_profile import active
from tests.support import dispatches
from tests.support.requests import answers_chat, house_of, person_of
from tests.support.world import Phone, World


def searches(approver: Phone, field: str = "販路開拓", area: str = "関東") -> None:
    approver.taps("専門家を探す")
    approver.says(field)
    approver.says(area)


def colleague(world: World, approver: Phone, **answers: Value) -> None:
    """One more expert, 東京都 too."""
    inviter = person_of(world, approver)
    dispatches.expert(house_of(world), min(inviter.actor.organisations), inviter, **answers)


def approver_of(world: World) -> Phone:
    """An approver of an organisation with one expert, 山田 太郎 of 東京都."""
    _, approver = active(world)
    return approver


def test_two_taps_lead_to_the_experts_and_one_more_to_the_request(world: World):
    approver = approver_of(world)
    approver.taps("専門家を探す")
    approver.sees("1/2", "どの専門分野")
    approver.taps("販路開拓")
    approver.sees("2/2", "どの地域")
    approver.taps("関東")
    approver.sees(
        "販路開拓・関東の専門家は1人", "派遣の多い順", "山田 太郎", "東京都", "これまでの派遣", "まだありません"
    )
    approver.sees("〔この専門家に依頼〕", "〔くわしく探す〕", "〔条件を変える〕", "すべて表示しました")
    approver.taps("この専門家に依頼")
    approver.sees("どの事業者への派遣ですか")
    approver.taps("専門家を探す")
    approver.sees("どの専門分野")


def test_nobody_found_says_what_can_be_done(world: World):
    approver = approver_of(world)
    searches(approver, "海外展開", "沖縄")
    approver.sees("海外展開・沖縄県", "見つかりませんでした", "事務局の提案", "〔条件を変える〕", "〔くわしく探す〕")
    approver.taps("条件を変える")
    approver.says("どの分野でも")
    approver.says("東京")
    approver.sees("どの分野でも・東京都の専門家は1人")


def test_what_is_no_field_or_region_is_asked_again(world: World):
    approver = approver_of(world)
    approver.taps("専門家を探す")
    approver.says("創業、販路開拓")
    approver.sees("ひとつだけ", "どの専門分野")
    approver.says("販路開拓")
    approver.says("火星")
    approver.sees("地域がわかりませんでした", "どの地域")
    approver.says("関西と関東")
    approver.sees("地域がわかりませんでした")
    approver.says("全国")
    approver.sees("販路開拓・全国の専門家は1人")


def test_the_request_at_hand_lends_its_times_and_its_place(world: World):
    approver = approver_of(world)
    colleague(world, approver, name="田中 次郎", kana="タナカ ジロウ", weekly_off=["火", "水"])
    answers_chat(approver, expert="事務局に任せる")
    searches(approver, "どの分野でも", "全国")
    approver.sees(
        "候補日時のどれかに空きのある専門家は1人", "山田 太郎", "○ 空き", "空きあり", "12/1（火）13:00〜16:00"
    )
    approver.sees_not("田中 次郎")


def test_when_nobody_is_free_all_are_shown_and_that_is_said(world: World):
    approver = approver_of(world)
    answers_chat(approver, expert="事務局に任せる")
    with world.service.database.unit() as uow:
        found = people.by_id(uow, _expert(world))
        assert found
        row = profile.lock(uow, found.id)
        assert row
        days = {dispatches.slot(world.clock(), ahead)[0].date() for ahead in range(40)}
        profile.set_days_off(uow, row, days, ())
    searches(approver, "どの分野でも", "全国")
    approver.sees("空きのある専門家は見つかりませんでした", "日時を問わず", "山田 太郎", "× 空きなし", "空きなし")


def _expert(world: World) -> str:
    with world.service.database.read() as uow:
        (person_id,) = uow.session.scalars(select(Expert.person_id)).all()
    return person_id


def test_more_than_ten_come_ten_at_a_time(world: World):
    approver = approver_of(world)
    for number in range(11):
        colleague(world, approver, name=f"鈴木 {'一二三四五六七八九十百'[number]}郎")
    searches(approver, "どの分野でも", "関東")
    approver.sees("専門家は12人", "12人のうち1〜10人目", "〔つぎの2人〕")
    approver.taps("つぎの2人")
    approver.sees("12人のうち11〜12人目", "〔この専門家に依頼〕")
    approver.sees_not("つぎの")


def test_old_forged_and_foreign_buttons_change_nothing(world: World):
    expert, approver = active(world)
    for value in ("", "1", "0|", "0|火星|販路開拓", "x|any|", "0|any", "9|any|x"):
        data = encode(CardTap("experts_more", "", 10**9, value))
        approver._do(lambda data=data: world.platform.tap_postback(approver.user_id, data, wait=True))
        approver.sees("古くなった" if value != "0|any" else "山田 太郎")
    data = encode(CardTap("experts_more", "", 0, "0|any|"))
    expert._do(lambda: world.platform.tap_postback(expert.user_id, data, wait=True))
    expert.sees("支援機関の担当者の方だけ")
    expert.says("専門家を探す")
    expert.sees("支援機関の担当者の方だけ")


def test_somebody_who_is_no_approver_any_more_finds_nobody(world: World):
    approver = approver_of(world)
    approver.taps("専門家を探す")
    approver.says("販路開拓")
    with world.service.database.unit() as uow:
        person = person_of(world, approver)
        for organisation in person.actor.organisations:
            organisations.end_approver(uow, organisation, person.id, world.clock())
    approver.says("全国")
    approver.sees("支援機関の担当者の方だけ")
    approver.sees_not("山田 太郎")


def test_an_expert_who_stopped_or_is_oneself_is_not_found(world: World):
    approver = approver_of(world)
    searches(approver, "どの分野でも", "全国")
    approver.sees("山田 太郎")
    with world.service.database.unit() as uow:
        row = profile.lock(uow, _expert(world))
        assert row
        profile.set_accepting(row, accepting=False)
    searches(approver, "どの分野でも", "全国")
    approver.sees("見つかりませんでした")
    approver.sees_not("山田 太郎")


def test_the_question_for_the_expert_leads_to_the_search_and_back(world: World):
    approver = approver_of(world)
    approver.taps("派遣を依頼")
    for words in ("株式会社みほん製作所", "東京都千代田区丸の内1-9-1", "原価管理の見直し", "生産管理"):
        approver.says(words)
    approver.taps("事業者の所在地と同じ")
    approver.taps("3時間")
    approver.says("12/1 13:00")
    approver.taps("スキップ")
    approver.sees("お決まりですか")
    approver.taps("専門家を探す")
    approver.says("どの分野でも")
    approver.says("全国")
    approver.sees("空きのある専門家は1人", "山田 太郎")
    approver.taps("この専門家に依頼")
    approver.sees("山田 太郎", "原価管理の見直し")
    approver.sees_not("お決まりですか")
