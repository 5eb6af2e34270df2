"""申請・リンク as talks: a newcomer and an approver find their form, go back, and press old buttons."""

from datetime import UTC, datetime

from bot.guidance import guidance
from bot.postbacks import CardTap, encode
from handlers.checks.finding import Finding, Level
from handlers.doctor import CHECKS, findings
from handlers.line import routes
from models.rules.guidance import Question
from tests.support.ledger import Ledger
from tests.support.talks import invited
from tests.support.world import Phone, World


def opens(phone: Phone) -> list[str]:
    """The addresses behind the buttons of the newest card."""
    actions = phone.world.platform.actions_of(phone.user_id)
    return [action["uri"] for action in actions if action["type"] == "uri"]


def test_a_newcomer_without_an_id_learns_what_comes_first(world: World):
    newcomer = world.phone("山田")
    newcomer.follows()
    newcomer.taps("申請・リンク")
    newcomer.sees("どなたの立場でお使いですか？", "〔事業者〕", "〔専門家〕", "〔支援機関〕")
    newcomer.taps("事業者")
    newcomer.sees("何をしたいですか？", "申請・リンク　›　事業者")
    newcomer.taps("小規模事業者持続化補助金")
    newcomer.sees("どのGビズIDを持っていますか？")
    newcomer.taps("エントリーだけ")
    newcomer.sees("エントリーではログインできません", "先に用意するもの", "印鑑証明書", "2〜3週間", "2025/05/01")
    assert opens(newcomer)[0] == "https://gbiz-id.go.jp/"
    newcomer.taps("もどる")
    newcomer.sees("どのGビズIDを持っていますか？")
    newcomer.taps("プライムかメンバー")
    newcomer.taps("商工会議所")
    newcomer.sees("商工会議所地区", "様式4", "約10日前", "両方には出せません", "10MB", "先にログアウト")
    assert opens(newcomer)[:2] == ["https://www.jizokuka-portal.info/", "https://www5.cin.or.jp/ccilist/search"]
    newcomer.taps("もどる")
    newcomer.sees("どちらの地区ですか？")
    newcomer.taps("はじめから")
    newcomer.sees("どなたの立場でお使いですか？")


def test_an_approver_helps_at_the_counter(world: World):
    approver = world.approver("佐藤 恵")
    approver.taps("申請・リンク")
    approver.taps("支援機関")
    approver.taps("持続化補助金を手伝う")
    approver.sees("持続化補助金を手伝う（支援機関）", "申請するのは事業者です", "様式4")
    approver.taps("もどる")
    approver.taps("ミラサポplusを使う")
    approver.taps("持っている")
    approver.sees("会員登録をしましたか？")
    approver.taps("登録したことがある")
    approver.sees("GビズIDでログインします", "新しいアドレスだけ", "2023/11/08")
    assert opens(approver)[0] == "https://mirasapo-plus.go.jp/"


def test_old_buttons_go_on_working(world: World):
    newcomer = world.phone("山田")
    newcomer.follows()
    newcomer.taps("申請・リンク")
    newcomer.taps("事業者")
    newcomer.taps("GビズIDで困っている")
    newcomer.taps("パスワードを忘れた")
    newcomer.sees("パスワードを忘れた方はこちら")
    world.clock.forward(days=40)
    newcomer.taps("専門家")
    newcomer.sees("申請・リンク　›　専門家", "〔持続化補助金を手伝う〕")
    newcomer.taps("メールアドレスの変更")
    newcomer.sees("GビズIDのメールアドレスを変える")


def test_a_button_of_a_question_that_changed_asks_that_question(world: World):
    newcomer = world.phone("山田")
    newcomer.follows()
    for value, seen in (("b.gone.x", "何をしたいですか？"), ("nope", "どなたの立場"), ("b.jgrants.id.x", "Jグランツ")):
        newcomer._do(
            lambda value=value: world.platform.tap_postback(
                newcomer.user_id, encode(CardTap("guide", value=value)), wait=True
            )
        )
        newcomer.sees(seen)


def test_looking_things_up_sets_a_running_form_aside_and_offers_it_again(world: World):
    expert = invited(world, "山田")
    expert.taps("基本情報")
    expert.says("山田 太郎")
    expert.taps("申請・リンク")
    expert.sees("どなたの立場でお使いですか？", "途中の「基本情報」は保存してあります")
    expert.taps("事業者")
    expert.taps("Jグランツで申請する")
    expert.taps("プライムかメンバー")
    expert.sees("電子申請サイトへのリンクから進みます")
    expert.taps("プロフィール登録")
    expert.taps("基本情報")
    expert.sees("基本情報 2/10")


def test_nothing_is_kept_of_what_was_looked_up_once_something_else_is_done(world: World):
    newcomer = world.phone("山田")
    newcomer.follows()
    newcomer.taps("申請・リンク")
    newcomer.taps("事業者")
    newcomer.taps("Jグランツで申請する")
    newcomer.says("使い方")
    kept = Ledger(world.service.database).rows("SELECT session FROM conversations WHERE session IS NOT NULL")
    assert not kept


def test_doctor_names_the_links_that_nobody_checked_for_long(world: World):
    def links() -> Finding:
        (found,) = findings(world.service, [check for check in CHECKS if check.group == "links"])
        return found

    old = links()
    assert (old.level, len(old.more)) == (Level.WARNING, 11)
    assert old.more[0] == "mirasapo  2023-11-08  https://mirasapo-plus.go.jp/"
    world.clock.now = datetime(2025, 5, 2, tzinfo=UTC)
    assert [line.split()[0] for line in links().more] == ["mirasapo"]
    world.clock.now = datetime(2023, 11, 9, tzinfo=UTC)
    assert links().level is Level.OK


def test_an_answer_may_be_typed(world: World):
    newcomer = world.phone("山田")
    newcomer.follows()
    newcomer.taps("申請・リンク")
    newcomer.says("　事業者　")
    newcomer.sees("何をしたいですか？")
    newcomer.says("小規模事業者持続化補助金")
    newcomer.sees("どのGビズIDを持っていますか？")
    newcomer.says("わかりません")
    newcomer.sees("ボタンから選ぶか", "どのGビズIDを持っていますか？")
    newcomer.says("もどる")
    newcomer.sees("何をしたいですか？")
    newcomer.says("はじめから")
    newcomer.sees("どなたの立場でお使いですか？")
    newcomer.says("使い方")
    newcomer.sees_not("どなたの立場でお使いですか？")
    newcomer.says("事業者")
    newcomer.sees_not("何をしたいですか？")


def test_no_answer_is_a_word_of_the_menu():
    words = set(routes.MENU) | {"招待コード", "事務局コード"}
    asked = [place.here for place in guidance().places() if isinstance(place.here, Question)]
    assert not {answer.label for question in asked for answer in question.answers} & words
