"""A file of known experts: heads however they are typed, and each cell judged as the chat would."""

from datetime import date

import pytest

from bot.text import t
from models.rules.errors import NotPossible
from models.rules.imports import CELL_LIMIT, COLUMNS, Line, judge_line, key_of, organisation_key, read_header, repeated

TODAY = date(2026, 11, 21)
TITLES = [column.title for column in COLUMNS]
GOOD = {
    "キー(旧登録番号)": "E-000123",
    "支援機関": "千代田商工会",
    "氏名": "山田 太郎",
    "フリガナ": "ヤマダ タロウ",
    "生年月日": "1980-04-01",
    "電話番号": "090-1234-5678",
    "メールアドレス": "taro@example.jp",
    "所属": "山田経営研究所",
    "主な活動地域": "東京都",
    "登録要件": "①公的資格",
    "主な資格": "中小企業診断士、税理士",
    "専門分野": "経営戦略、販路開拓",
}


def judged(first: int | None = None, /, **cells: str) -> Line:
    texts = [GOOD[title] for title in TITLES]
    for name, text in cells.items():
        texts[[column.key for column in COLUMNS].index(name)] = text
    return judge_line(read_header(TITLES), 7, texts, TODAY, first)


def test_the_columns_are_those_of_the_first_section_with_a_key_and_an_organisation():
    assert list(GOOD) == TITLES
    assert [column.title for column in COLUMNS if column.required] == [
        "キー(旧登録番号)", "支援機関", "氏名", "メールアドレス",
    ]  # fmt: skip


def test_a_good_line_gives_the_answers_the_chat_would_keep():
    line = judged()
    assert line.faults == ()
    assert (line.number, line.key, line.organisation) == (7, "E-000123", "千代田商工会")
    assert line.answers == {
        "name": "山田 太郎",
        "kana": "ヤマダ タロウ",
        "birth_date": "1980-04-01",
        "phone": "090-1234-5678",
        "mail": "taro@example.jp",
        "affiliation": "山田経営研究所",
        "prefecture": "東京都",
        "requirement": "1",
        "qualifications": ["中小企業診断士", "税理士"],
        "specialities": ["経営戦略", "販路開拓"],
    }


@pytest.mark.parametrize(
    "heads",
    [
        TITLES,
        [
            "キー（旧登録番号）",
            "支援 機関",
            "氏　名",
            "ふりがな",
            "生年 月日",
            "電話",
            "ﾒｰﾙｱﾄﾞﾚｽ",
            " 所属 ",
            *TITLES[8:],
        ],
        ["旧登録番号", "支援機関", "氏名", "フリガナ", "生年月日", "電話番号", "メール", *TITLES[7:]],
        [*reversed(TITLES)],
        ["キー", "支援機関", "氏名", "メールアドレス"],
    ],
)
def test_heads_are_found_however_they_are_typed(heads: list[str]):
    header = read_header(heads)
    assert len(header.places) == len(heads)
    assert header.unknown == ()


def test_heads_nobody_knows_are_named_and_empty_ones_are_not():
    header = read_header([*TITLES, "備考", "", "　", "x" * 100])
    assert header.unknown == ("備考", "x" * 40)


@pytest.mark.parametrize(
    ("heads", "code", "named"),
    [
        (["氏名", "メールアドレス"], "import.columns_missing", "キー(旧登録番号)、支援機関"),
        (["山田 太郎", "090-1234-5678"], "import.columns_missing", "氏名"),
        ([""], "import.columns_missing", "氏名"),
        ([*TITLES, "氏　名"], "import.column_twice", "氏名"),
    ],
)
def test_a_header_that_does_not_do_says_which_column(heads: list[str], code: str, named: str):
    with pytest.raises(NotPossible) as refused:
        read_header(heads)
    assert refused.value.code == code
    assert named in t(code, **refused.value.data)


@pytest.mark.parametrize(
    ("key", "text", "kept"),
    [
        ("birth_date", "1980-04-01 00:00:00", "1980-04-01"),
        ("birth_date", "1980/4/1 0:00", "1980-04-01"),
        ("birth_date", "昭和55年4月1日", "1980-04-01"),
        ("birth_date", "S55.4.1", "1980-04-01"),
        ("birth_date", "１９８０年４月１日", "1980-04-01"),
        ("birth_date", "29312", "1980-04-01"),
        ("birth_date", "19800401", "1980-04-01"),
        ("phone", "9012345678", "090-1234-5678"),
        ("phone", "09012345678", "090-1234-5678"),
        ("phone", "０９０－１２３４－５６７８", "090-1234-5678"),
        ("phone", "335011111", "03-3501-1111"),
        ("phone", "'+81 90-1234-5678", "090-1234-5678"),
        ("name", "山田　太郎", "山田 太郎"),
        ("kana", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("kana", "やまだ たろう", "ヤマダ タロウ"),
        ("mail", "Taro@EXAMPLE.jp", "Taro@example.jp"),
        ("affiliation", "なし", "個人（所属なし）"),
        ("prefecture", "東京", "東京都"),
        ("requirement", "1", "1"),
        ("requirement", "①", "1"),
        ("qualifications", "中小企業診断士\n税理士", ["中小企業診断士", "税理士"]),
        ("specialities", "IT", ["IT活用"]),
    ],
)
def test_what_a_spreadsheet_makes_of_an_answer_is_understood(key: str, text: str, kept: object):
    line = judged(**{key: text})
    assert line.faults == ()
    assert line.answers[key] == kept


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("key", "", "空です"),
        ("key", "---", "キーは文字か数字"),
        ("key", "x" * 41, "40文字まで"),
        ("organisation", "  ", "空です"),
        ("name", "", "空です"),
        ("mail", "\u3000", "空です"),
        ("name", "山田太郎", "姓と名の区切り"),
        ("name", "=HYPERLINK(1)", "氏名は漢字"),
        ("kana", "yamada taro", "フリガナは"),
        ("birth_date", "1980-02-30", "暦にありません"),
        ("birth_date", "2020-01-01", "歳から"),
        ("birth_date", "2030-01-01", "今日より前"),
        ("birth_date", "99999", "西暦4桁"),
        ("birth_date", "不明", "年・月・日の順"),
        ("phone", "1234", "桁"),
        ("phone", "9.01E+09", "電話番号"),
        ("mail", "taro", "「@」"),
        ("mail", "taro@gmial.com", "こちらではありませんか"),
        ("prefecture", "関東", "どの都道府県"),
        ("requirement", "その他", "①から④"),
        ("qualifications", "なし", "①公的資格"),
        ("specialities", "#N/A", "Excelのエラー"),
        ("affiliation", "#REF!", "Excelのエラー"),
        ("affiliation", "x" * (CELL_LIMIT + 1), "1000文字まで"),
    ],
)
def test_a_cell_that_does_not_hold_says_what_to_do(key: str, text: str, words: str):
    (fault,) = judged(**{key: text}).faults
    assert words in t(fault.code, **fault.data)
    assert fault.column == next(column.title for column in COLUMNS if column.key == key)


def test_what_was_perhaps_meant_is_offered():
    assert "山田 太郎" in judged(name="山田太郎").faults[0].choices
    assert judged(mail="taro@gmial.com").faults[0].choices == ("taro@gmail.com",)


@pytest.mark.parametrize("key", [column.key for column in COLUMNS if not column.required])
def test_what_may_be_empty_is_left_to_the_person(key: str):
    line = judged(**{key: ""})
    assert line.faults == ()
    assert key not in line.answers


def test_every_fault_of_a_line_is_found_at_once():
    assert [fault.column for fault in judged(name="", phone="1", requirement="9").faults] == [
        "氏名", "電話番号", "登録要件",
    ]  # fmt: skip


def test_a_line_that_is_too_short_has_empty_cells():
    line = judge_line(read_header(TITLES), 2, ["E-1", "千代田商工会", "山田 太郎"], TODAY)
    assert [fault.column for fault in line.faults] == ["メールアドレス"]


def test_the_second_line_of_a_key_is_a_fault_that_names_the_first():
    rows = [(2, ["E-1"]), (3, ["E-2"]), (5, ["ｅ－１"]), (6, [""]), (7, [""]), (9, ["E-1"])]
    assert repeated(read_header(TITLES), rows) == {5: 2, 9: 2}
    (fault,) = judged(2).faults
    assert "2行目と同じキー" in t(fault.code, **fault.data)


@pytest.mark.parametrize(("one", "other"), [("E-0001", "ｅ－０００１"), (" e-0001 ", "E - 0001")])
def test_keys_are_the_same_in_any_width_and_case(one: str, other: str):
    assert key_of(one) == key_of(other)


def test_organisations_are_the_same_in_any_width_and_space():
    assert organisation_key("千代田 商工会（本所）") == organisation_key("千代田商工会(本所)")
    assert organisation_key("千代田商工会") != organisation_key("千代田商工会議所")
