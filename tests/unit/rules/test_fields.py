"""Every field of the registration: what is accepted, asked again, refused, and that no text breaks one."""

from __future__ import annotations

import ast
import string
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import catalogue
from models.rules.fields import (
    ACCOUNT,
    BASIC,
    DETAIL,
    FIELD_BY_KEY,
    FIELDS,
    Accepted,
    Judgement,
    Refused,
    Unclear,
    Value,
    as_text,
    display,
    holder_differs,
)
from models.rules.normalise import graphemes

ROOT = Path(__file__).parents[3]
SENTENCES = tomllib.loads((ROOT / "bot/text/errors.toml").read_text(encoding="utf-8"))
JUDGES = ["person", "choosing", "dates", "account", "detail"]
OWN_WORDS = {"career_history", "support_record", "strengths", "employment_detail"}
"""Free texts, judged by `wording`; their sentences name the field."""


def judged(key: str, text: str, **answers: Value) -> Judgement:
    return FIELD_BY_KEY[key].judge(text, answers)


def refusal(key: str, text: str, **answers: Value) -> str:
    found = judged(key, text, **answers)
    assert isinstance(found, Refused), found
    return found.code


def offered(key: str, text: str, **answers: Value) -> tuple[str, list[str]]:
    found = judged(key, text, **answers)
    assert isinstance(found, Unclear), found
    return found.code, [choice.value for choice in found.choices]


ACCEPTED = [
    ("name", "山田 太郎", "山田 太郎"),
    ("name", "  山田　　太郎\n", "山田 太郎"),
    ("name", "髙橋　﨑子", "髙橋 﨑子"),
    ("name", "𠮷田 太郎", "𠮷田 太郎"),
    ("name", "Ｊｏｈｎ　Ｆ．　Ｓｍｉｔｈ", "John F. Smith"),
    ("name", "ﾔﾏﾀﾞ ﾀﾛ-", "ヤマダ タロー"),
    ("name", "神\ufa19 太郎\u200b", "神\ufa19 太郎"),
    ("name", "O’Brien Anne-Marie", "O’Brien Anne-Marie"),
    ("kana", "やまだ　たろう", "ヤマダ タロウ"),
    ("kana", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
    ("kana", "か\u3099んば たろ－", "ガンバ タロー"),
    ("kana", "ジョン・スミス", "ジョン スミス"),
    ("birth_date", "1980年4月1日", "1980-04-01"),
    ("phone", "０９０－１２３４－５６７８", "090-1234-5678"),
    ("phone", "09012345678", "090-1234-5678"),
    ("phone", "+81 (0)90-1234-5678", "090-1234-5678"),
    ("phone", "+81 90 1234 5678", "090-1234-5678"),
    ("phone", "03ー1234―5678", "03-1234-5678"),
    ("phone", "(06)1234.5678", "06-1234-5678"),
    ("phone", "05012345678", "050-1234-5678"),
    ("mail", "Taro@Example.JP", "Taro@example.jp"),
    ("mail", " ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ ", "taro@example.jp"),
    ("mail", "a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp"),
    ("mail", "mailto:taro @example.jp", "taro@example.jp"),
    ("affiliation", "山田経営研究所", "山田経営研究所"),
    ("affiliation", "無所属", "個人（所属なし）"),
    ("affiliation", "個人（所属なし）", "個人（所属なし）"),
    ("prefecture", "東京", "東京都"),
    ("prefecture", "とうきょう", "東京都"),
    ("prefecture", "ﾄｳｷｮｳﾄ", "東京都"),
    ("prefecture", "Kyoto", "京都府"),
    ("prefecture", "東京都府中市", "東京都"),
    ("requirement", "②", "2"),
    ("requirement", "３", "3"),
    ("requirement", "④指導・教育5年以上", "4"),
    ("requirement", "実務経験10年以上", "2"),
    ("qualifications", "診断士 社労士", ["中小企業診断士", "社会保険労務士"]),
    (
        "qualifications",
        "ＩＴコーディネーター\n宅地建物取引士、税理士、税理士",
        ["ITコーディネータ", "宅地建物取引士", "税理士"],
    ),
    ("qualifications", "特になし", ["なし"]),
    ("specialities", "経営戦略・資金調達", ["経営戦略", "資金調達"]),
    ("specialities", "税務・会計,IT", ["税務・会計", "IT活用"]),
    ("account_type", "普通預金", "1"),
    ("account_type", "当座", "2"),
    ("account_type", "ちょちく", "4"),
    ("account_number", "１２３－４５６７", "1234567"),
    ("account_holder", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
    ("account_holder", "やまだ　しょうこ", "ヤマダ ショウコ"),
    ("account_holder", "ヤマダ(カ.タロ-", "ヤマダ（カ．タロー"),
    ("account_holder", "yamada ﾀﾛｳ 2", "YAMADA タロウ 2"),
    ("career_history", " 2005年  ○○製作所\r\n\r\n\r\n\r\n2015年　独立\u200b\n", "2005年 ○○製作所\n\n2015年 独立"),
    ("career_history", "あ" * 2000, "あ" * 2000),
    ("employment", "勤務先なし・自営", "self"),
    ("employment", "public", "public"),
    ("employment_detail", "山田経営研究所\n代表", "山田経営研究所 代表"),
    ("invoice_number", "T5835678256246", "T5835678256246"),
    ("invoice_number", "ｔ５８３５６７８２５６２４６", "T5835678256246"),
    ("invoice_number", "T5-8356-7825-6246", "T5835678256246"),
    ("invoice_number", "5835678256246", "T5835678256246"),
    ("invoice_number", "T7000012050002", "T7000012050002"),
    ("hours", "９時～17時半", "09:00-17:30"),
    ("hours", "9-17", "09:00-17:00"),
    ("hours", "0:00〜24:00", "00:00-24:00"),
    ("hours", "9:30から18:00まで", "09:30-18:00"),
    ("weekly_off", "祝、日曜日 土曜", ["土", "日", "祝日"]),
]

REFUSED = [
    ("name", "", "name.gap"),
    ("name", "山", "name.gap"),
    ("name", "山田 太郎2", "name.letters"),
    ("name", "😀 太郎", "name.letters"),
    ("name", "山田 -", "name.letters"),
    ("name", "山 " * 40, "name.long"),
    ("kana", "", "kana.gap"),
    ("kana", "アイ", "kana.gap"),
    ("kana", "山田 タロウ", "kana.letters"),
    ("kana", "Yamada Taro", "kana.letters"),
    ("kana", "ー ヤマダ", "kana.letters"),
    ("kana", "ヤ " * 40, "kana.long"),
    ("phone", "hello", "phone.format"),
    ("phone", "090-1234-5678 / 03-1234-5678", "phone.format"),
    ("phone", "0001234567", "phone.format"),
    ("phone", "090-1234-567", "phone.digits"),
    ("phone", "0120-123-456", "phone.personal"),
    ("phone", "0570-012-345", "phone.personal"),
    ("phone", "+1 650 253 0000", "phone.country"),
    ("mail", "taro.example.jp", "mail.at"),
    ("mail", "taro@example@jp", "mail.at"),
    ("mail", "taro@example,jp", "mail.comma"),
    ("mail", "taro@example。jp", "mail.comma"),
    ("mail", "たろう@example.jp", "mail.local"),
    ("mail", "taro@example", "mail.domain"),
    ("mail", "taro@", "mail.domain"),
    ("mail", "taro@-example.jp", "mail.domain"),
    ("mail", "a" * 250 + "@example.jp", "mail.long"),
    ("affiliation", "！？", "affiliation.empty"),
    ("affiliation", "あ" * 101, "affiliation.long"),
    ("prefecture", "ロンドン", "prefecture.unknown"),
    ("requirement", "10年", "requirement.choose"),
    ("qualifications", "123", "qualifications.empty"),
    ("qualifications", "あ" * 41, "qualifications.long"),
    ("qualifications", "、".join(f"資格{n}級" for n in range(21)), "qualifications.many"),
    ("qualifications", "なし、税理士", "qualifications.mixed"),
    ("specialities", "なし", "specialities.empty"),
    ("specialities", "あ" * 41, "specialities.long"),
    ("specialities", "、".join(f"分野{n}号" for n in range(21)), "specialities.many"),
    ("account_type", "定期", "account_type.choose"),
    ("account_number", "12345678", "account_number.length"),
    ("account_number", "１２３４五六七", "account_number.digits"),
    ("account_holder", "山田 太郎", "account_holder.kana"),
    ("account_holder", "。", "account_holder.kana"),
    ("account_holder", "ヤ" * 49, "account_holder.long"),
    ("career_history", " \n\u200b", "text.empty"),
    ("strengths", "あ" * 2001, "text.too_long"),
    ("employment_detail", "あ" * 201, "text.too_long"),
    ("employment", "ほか", "employment.choose"),
    ("invoice_number", "T", "invoice_number.format"),
    ("invoice_number", "U5835678256246", "invoice_number.format"),
    ("invoice_number", "T583567825624", "invoice_number.digits"),
    ("invoice_number", "123456789012", "invoice_number.digits"),
    ("invoice_number", "T2835678256246", "invoice_number.check"),
    ("invoice_number", "T5835678256264", "invoice_number.check"),
    ("invoice_number", "T0835678256246", "invoice_number.check"),
    ("hours", "9:15-17:00", "hours.format"),
    ("hours", "9:00-24:30", "hours.format"),
    ("hours", "9:60-17:00", "hours.format"),
    ("hours", "9:00", "hours.format"),
    ("hours", "17:00-9:00", "hours.order"),
    ("hours", "9:00-9:00", "hours.order"),
    ("weekly_off", "なし", "weekly_off.choose"),
    ("weekly_off", "日、八", "weekly_off.choose"),
    ("weekly_off", "月火、水", "weekly_off.choose"),
    ("weekly_off", "月、火、水、木、金、土、日", "weekly_off.every"),
]


@pytest.mark.parametrize(("key", "text", "value"), ACCEPTED)
def test_accepts(key: str, text: str, value: Value) -> None:
    assert judged(key, text) == Accepted(value)


@pytest.mark.parametrize(("key", "text", "code"), REFUSED)
def test_refuses(key: str, text: str, code: str) -> None:
    assert refusal(key, text) == code


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("山田太郎", "山田 太郎"),
        ("佐々木健", "佐々木 健"),
        ("長谷川太郎", "長谷川 太郎"),
        ("林太郎", "林 太郎"),
        ("山田健", "山田 健"),
        ("山田健太郎", "山田 健太郎"),
        ("森さくら", "森 さくら"),
        ("𠮷田太郎", "𠮷田 太郎"),
        ("南斗", "南 斗"),
        ("ジョン・スミス", "ジョン スミス"),
        ("JohnSmith", "John Smith"),
    ],
)
def test_name_without_a_gap_offers_the_likely_division_first(name: str, first: str) -> None:
    code, values = offered("name", name)
    assert code == "name.split"
    assert values[0] == first
    assert len(values) <= 4


def test_the_talk_of_ux_md_offers_its_two_divisions() -> None:
    assert offered("name", "山田太郎")[1][:2] == ["山田 太郎", "山 田太郎"]


def test_kana_without_a_gap_offers_divisions() -> None:
    code, values = offered("kana", "やまだたろう")
    assert (code, values[0]) == ("kana.split", "ヤマダ タロウ")


def test_mistyped_mail_domain_is_offered_mended() -> None:
    assert offered("mail", "taro@gmail.con") == ("mail.mistyped", ["taro@gmail.com"])


def test_region_asks_which_prefecture() -> None:
    assert offered("prefecture", "四国") == ("prefecture.which", ["徳島県", "香川県", "愛媛県", "高知県"])


def test_public_qualification_needs_a_name() -> None:
    assert refusal("qualifications", "なし", requirement="1") == "qualifications.required"
    assert judged("qualifications", "なし", requirement="2") == Accepted(["なし"])


def test_short_account_number_asks_before_it_is_padded() -> None:
    assert offered("account_number", "12345") == ("account_number.pad", ["0012345"])


def test_yucho_number_of_eight_digits_offers_seven() -> None:
    assert offered("account_number", "12345671", bank="9900") == ("account_number.yucho", ["1234567"])
    assert refusal("account_number", "12345672", bank="9900") == "account_number.length"


@pytest.mark.parametrize(
    ("kana", "holder", "differs"),
    [
        ("ヤマダ タロウ", "ヤマダ　タロウ", False),
        ("ヤマダ ショウコ", "ﾔﾏﾀﾞｼﾖｳｺ", False),
        ("ヤマダ タロー", "ヤマダ タロ－", False),
        ("ヤマダ タロウ", "ヤマダ ハナコ", True),
        ("ヤマダ カヲル", "ヤマダ カオル", True),
        ("ヤマダ タロウ", "カ）ヤマダ", True),
    ],
)
def test_holder_differs(kana: str, holder: str, differs: bool) -> None:
    assert holder_differs(kana, holder) is differs


def test_show() -> None:
    assert FIELD_BY_KEY["birth_date"].show("1980-04-01") == "1980年4月1日"
    assert FIELD_BY_KEY["qualifications"].show(["税理士", "なし"]) == "税理士、なし"
    assert FIELD_BY_KEY["requirement"].show("1").endswith("その他公的資格を有する者")
    assert FIELD_BY_KEY["account_type"].show("2") == "当座"
    assert FIELD_BY_KEY["bank"].show("0001") == "みずほ銀行（0001）"
    assert display(FIELD_BY_KEY["branch"], "240", {"bank": "0001"}) == "新宿支店（240）"
    assert display(FIELD_BY_KEY["name"], "山田 太郎", {}) == "山田 太郎"


def test_sections_and_keys() -> None:
    assert [field.key for field in BASIC] == [
        "name",
        "kana",
        "birth_date",
        "phone",
        "mail",
        "affiliation",
        "prefecture",
        "requirement",
        "qualifications",
        "specialities",
    ]
    assert [field.key for field in ACCOUNT] == [
        "bank",
        "branch",
        "account_type",
        "account_number",
        "account_holder",
    ]
    required = [field.key for field in DETAIL if not field.optional]
    assert required == ["career_history", "support_record", "strengths", "employment", "hours"]
    assert [field.key for field in DETAIL if field.optional] == ["employment_detail", "invoice_number", "weekly_off"]
    assert {field.key for field in FIELDS if field.secret} == {"account_number", "account_holder"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_examples_and_choices_are_accepted(field) -> None:
    answers: dict[str, Value] = {"bank": "0001"}
    assert isinstance(field.judge(field.example, answers), Accepted)
    for choice in field.choices:
        assert len(graphemes(choice.label)) <= 20
        expected = [choice.value] if field.many else choice.value
        for text in (choice.value, choice.label):
            assert field.judge(text, answers) == Accepted(expected)


JAPANESE = st.text("やまだタロウｱﾞｰ髙﨑𠮷田１２3-－ー・　 /,、@年月日昭和銀行支店なしabＡ.()（）①\n", max_size=40)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
HOSTILE = st.sampled_from(
    [
        "あ" * 5000,
        "\0",
        "\ud800",
        "\u202e山田 太郎",
        "👨‍👩‍👧 太郎" * 500,
        "\u3099",
        "ﾞﾟ",
        "1" * 5000,
        "@" * 5000,
    ]
)
EXAMPLES = st.sampled_from([text for _, text, _ in ACCEPTED] + [text for _, text, _ in REFUSED])
NOISE = st.text("\u200b\u202e\ufeff\x00\x07\ud800 　\u0301\u3099", max_size=3)
TEXTS = JAPANESE | ANYTHING | HOSTILE | st.builds(lambda a, text, b: a + text + b, NOISE, EXAMPLES, NOISE)
OTHERS = st.sampled_from([{}, {"bank": "0001", "requirement": "1"}, {"bank": "9900", "requirement": "3"}])


@settings(max_examples=120, deadline=None)
@given(TEXTS, OTHERS)
def test_any_text_gets_a_judgement_and_accepting_is_final(text: str, others: dict[str, Value]) -> None:
    for field in FIELDS:
        found = field.judge(text, others)
        if isinstance(found, Accepted):
            shown = as_text(found.value)
            line = shown.replace("\n", "") if field.kind == "long" else shown
            assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in line)
            assert field.judge(shown, others) == found
            assert field.show(found.value)
        elif isinstance(found, Unclear):
            assert 1 <= len(found.choices) <= 10
            for choice in found.choices:
                assert len(graphemes(choice.label)) <= 20
                assert field.judge(choice.value, others) == Accepted(choice.value)
        else:
            assert catalogue()[found.code].format(**found.data)


def codes_in_judges() -> set[str]:
    found: set[str] = set()
    for module in JUDGES:
        tree = ast.parse((ROOT / f"models/rules/{module}.py").read_text(encoding="utf-8"))
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        found |= {text for text in texts if text.split(".")[0] in FIELD_BY_KEY and text.count(".") == 1}
    return found


def test_each_code_has_one_sentence_and_no_sentence_is_unused() -> None:
    written = {f"{table}.{word}" for table in SENTENCES if table in FIELD_BY_KEY for word in SENTENCES[table]}
    assert codes_in_judges() == written


def test_sentences_say_what_is_expected() -> None:
    known = {"limit", "digits", "bank", "code", "era", "youngest", "oldest"}
    for key in FIELD_BY_KEY.keys() - OWN_WORDS:
        for word, sentence in SENTENCES[key].items():
            assert "不正" not in sentence
            assert "（例：" in sentence or word in {
                "split",
                "mistyped",
                "which",
                "pad",
                "symbol",
                "yucho",
                "age",
            }
            gaps = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
            assert gaps <= known
