"""Finding banks and branches."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.rules.account import judge_bank, judge_branch
from models.rules.banks import bank_name, branch_name, find_banks, has_bank, has_branch
from models.rules.judgement import Accepted, Judgement, Refused, Unclear


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("みずほ", "0001"),
        ("ﾐｽﾞﾎ", "0001"),
        ("0001", "0001"),
        ("０００１", "0001"),
        ("みずほ銀行", "0001"),
        ("mizuho", "0001"),
        ("Mizuho Bank", "0001"),
        ("ゆうちょ", "9900"),
        ("ユウチョ銀行", "9900"),
        ("郵便局", "9900"),
        ("三菱UFJ", "0005"),
        ("三菱ＵＦＪ銀行", "0005"),
        ("MUFG", "0005"),
        ("みつびしゆーえふじぇい", "0005"),
        ("三菱UFJ信託銀行", "0288"),
        ("広島銀行", "0169"),
        ("広島信用金庫", "1750"),
        ("広島信金", "1750"),
        ("ひろしましんようきんこ", "1750"),
        ("城南", "1344"),
        ("JA湘南", "5137"),
        ("湘南農業協同組合", "5137"),
        ("中央労働金庫", "2963"),
        ("北海道銀行", "0116"),
        ("hokkaido bank", "0116"),
        ("ほっかいどうぎんこう", "0116"),
        ("埼玉県信用金庫", "1250"),
        ("ペイペイ銀行", "0033"),
    ],
)
def test_bank_is_found(text: str, code: str) -> None:
    assert judge_bank(text, {}) == Accepted(code)


def choices(found: Judgement) -> list[str]:
    assert isinstance(found, Unclear), found
    return [choice.value for choice in found.choices]


def test_part_of_a_name_offers_banks() -> None:
    found = judge_bank("みず", {})
    assert choices(found)[0] == "0001"
    assert isinstance(found, Unclear)
    assert (found.code, found.more, len(found.choices)) == ("bank.many", True, 10)
    assert found.choices[0].label == "みずほ銀行"


def test_a_town_with_a_bank_and_a_credit_union_asks_which() -> None:
    assert choices(judge_bank("広島", {}))[:2] == ["0169", "1750"]
    assert "4876" in choices(judge_bank("あわ", {}))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9999", "bank.code"),
        ("", "bank.empty"),
        ("銀行", "bank.none"),
        ("ぬぬぬ", "bank.none"),
        ("あ" * 61, "bank.none"),
    ],
)
def test_bank_is_not_found(text: str, code: str) -> None:
    found = judge_bank(text, {})
    assert isinstance(found, Refused)
    assert found.code == code


@pytest.mark.parametrize(
    ("bank", "text", "code"),
    [
        ("0001", "新宿", "240"),
        ("0001", "新宿支店", "240"),
        ("0001", "しんじゅく", "240"),
        ("0001", "shinjuku", "240"),
        ("0001", "２４０", "240"),
        ("0001", "東京営業部", "001"),
        ("1344", "本店", "082"),
        ("9900", "018", "018"),
        ("9900", "〇一八", "018"),
        ("9900", "○一八店", "018"),
        ("9900", "ゼロイチハチ", "018"),
    ],
)
def test_branch_is_found(bank: str, text: str, code: str) -> None:
    assert judge_branch(text, {"bank": bank}) == Accepted(code)


@pytest.mark.parametrize(
    ("bank", "text", "code"),
    [
        ("", "新宿", "branch.bank_first"),
        ("9999", "新宿", "branch.bank_first"),
        ("0001", "", "branch.empty"),
        ("0001", "ぬぬぬ", "branch.none"),
        ("0001", "999", "branch.code"),
        ("9900", "渋谷", "branch.yucho"),
        ("9900", "017", "branch.yucho"),
    ],
)
def test_branch_is_not_found(bank: str, text: str, code: str) -> None:
    found = judge_branch(text, {"bank": bank})
    assert isinstance(found, Refused)
    assert found.code == code


def test_several_branches_ask_which() -> None:
    found = judge_branch("東京", {"bank": "0001"})
    assert choices(found)[0] == "001"
    assert choices(judge_branch("東京支店", {"bank": "0001"}))


@pytest.mark.parametrize(("symbol", "code"), [("10180", "018"), ("10180-12345671", "018"), ("00190", "019")])
def test_yucho_symbol_offers_the_branch_it_stands_for(symbol: str, code: str) -> None:
    found = judge_branch(symbol, {"bank": "9900"})
    assert choices(found) == [code]
    assert isinstance(found, Unclear)
    assert found.code == "branch.symbol"


def test_names_as_people_say_them() -> None:
    assert [bank_name(code) for code in ("0001", "0289", "1344", "5137", "2004", "9900", "0200")] == [
        "みずほ銀行",
        "みずほ信託銀行",
        "城南信用金庫",
        "湘南農協",
        "商工中金",
        "ゆうちょ銀行",
        "ワイズ・ペイメンツ・ジャパン",
    ]
    assert branch_name("0001", "240") == "新宿支店"
    assert branch_name("0001", "001") == "東京営業部"
    assert branch_name("9900", "018") == "〇一八店"
    assert (bank_name("xxxx"), branch_name("0001", "xxx")) == ("xxxx", "xxx")


def test_codes() -> None:
    assert has_bank("0001")
    assert not has_bank("")
    assert has_branch("0001", "240")
    assert not has_branch("", "240")
    assert find_banks("広島").exact[0].name == "広島"


def test_the_list_is_loaded_at_the_first_look_up_only() -> None:
    script = "import sys, models.rules.fields; sys.exit('zengin_code' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
