"""The commission letter and the acceptance, read back by another library than the one that wrote them."""

import gc
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from storage.documents import Acceptance, Letter, acceptance_pdf, letter_pdf

MOST_BYTES = 200 * 1024
LETTER = Letter(
    number="C-2026-000123",
    name="山田 太郎",
    fiscal_year=2026,
    starts=date(2026, 4, 1),
    ends=date(2027, 3, 31),
    issued=date(2026, 4, 1),
    issuer="中小企業専門家派遣 全国事務局",
    desk="東日本事務局",
    desk_phone="03-0000-0119",
)
ACCEPTANCE = Acceptance(
    letter_number="C-2026-000123",
    name="山田 太郎",
    accepted_at=datetime(2026, 4, 1, 15, 5, tzinfo=UTC),
    terms_version="2026-02",
    starts=date(2026, 4, 1),
    ends=date(2027, 3, 31),
    issuer="中小企業専門家派遣 全国事務局",
)
LONG = "ヴィルヘルミーナ・アレクサンドラ・フォン・ホーエンツォレルン゠ジグマリンゲン・デ・ラ・クルス"
LONG += " 長宗我部・小比類巻・花子・"


def opened(pdf: bytes) -> PdfReader:
    reader = PdfReader(BytesIO(pdf), strict=True)
    assert len(reader.pages) == 1
    return reader


def lines(pdf: bytes) -> list[str]:
    return opened(pdf).pages[0].extract_text().splitlines()


def joined(pdf: bytes) -> str:
    return "".join(lines(pdf))


def named(name: str) -> bytes:
    return letter_pdf(replace(LETTER, name=name))


def fonts(pdf: bytes) -> list[DictionaryObject]:
    """The descendant (CID) fonts of the page, its form XObjects included."""
    found: list[DictionaryObject] = []
    waiting = [opened(pdf).pages[0]["/Resources"]]
    while waiting:
        resources = waiting.pop().get_object()
        assert isinstance(resources, DictionaryObject)
        for font in resources.get("/Font", DictionaryObject()).get_object().values():
            assert "/ToUnicode" in font.get_object()
            found += [descendant.get_object() for descendant in font.get_object()["/DescendantFonts"]]
        for form in resources.get("/XObject", DictionaryObject()).get_object().values():
            waiting.append(form.get_object().get("/Resources", DictionaryObject()))
    return found


def test_the_letter_says_who_is_commissioned_for_what_time_and_by_whom():
    assert lines(letter_pdf(LETTER)) == [
        "番号　C-2026-000123",
        "委嘱状",
        "山田 太郎　殿",
        "　中小企業・小規模事業者を支援する専門家派遣事業の専門家を、下記のとおり",
        "あなたに委嘱します。",
        "記",
        "1　委嘱の内容 専門家派遣事業の専門家として、派遣先の中小企業・小規模",
        "事業者に助言その他の支援を行うこと。",
        "2　委嘱の期間 令和8年4月1日から令和9年3月31日まで",
        "（2026年4月1日から2027年3月31日まで）",
        "3　年度 令和8年度（2026年度）",
        "4　就任の承諾 LINEで就任の承諾をお願いします。派遣の依頼は、承諾を",
        "いただいた後にお送りします。",
        "以上",
        "令和8年4月1日",
        "中小企業専門家派遣 全国事務局",
        "（公印省略）",
        "お問い合わせ先　東日本事務局　電話 03-0000-0119",
    ]


def test_the_acceptance_names_the_letter_the_terms_and_the_moment_in_japan():
    assert lines(acceptance_pdf(ACCEPTANCE)) == [
        "令和8年4月2日",
        "就任承諾書",
        "中小企業専門家派遣 全国事務局　宛て",
        "　委嘱条件に同意のうえ、専門家派遣事業の専門家に就任することを、下記の",
        "とおり承諾します。",
        "記",
        "1　委嘱状の番号 C-2026-000123",
        "2　委嘱の期間 令和8年4月1日から令和9年3月31日まで",
        "（2026年4月1日から2027年3月31日まで）",
        "3　委嘱条件の版 2026-02",
        "4　承諾した日時 令和8年4月2日 0時05分（日本時間）",
        "以上",
        "氏名　山田 太郎",
        "この書面は、ご本人がLINEで行った就任承諾の記録から作成しました。",
    ]


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        acceptance_pdf(replace(ACCEPTANCE, accepted_at=datetime(2026, 4, 2, 0, 5)))


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2020, 1, 1), "令和2年1月1日"),
    ],
)
def test_days_are_written_in_the_japanese_calendar(day: date, shown: str):
    assert shown in lines(letter_pdf(replace(LETTER, issued=day)))


def test_a_letter_within_the_year_names_its_own_days_and_the_whole_fiscal_year():
    text = joined(letter_pdf(replace(LETTER, starts=date(2026, 12, 10), issued=date(2026, 12, 10))))
    assert "令和8年12月10日から令和9年3月31日まで" in text
    assert "令和8年度（2026年度）" in text


@pytest.mark.parametrize("pdf", [letter_pdf(LETTER), acceptance_pdf(ACCEPTANCE), named(LONG)])
def test_the_font_is_embedded_as_a_subset_and_the_file_stays_small(pdf: bytes):
    assert len(pdf) <= MOST_BYTES
    (font,) = fonts(pdf)
    tag, _, family = str(font["/BaseFont"]).lstrip("/").partition("+")
    assert len(tag) == 6
    assert tag.isupper()
    assert family.startswith("NotoSerifJP")
    descriptor = font["/FontDescriptor"].get_object()
    assert isinstance(descriptor, DictionaryObject)
    assert "/FontFile3" in descriptor


def test_the_same_input_gives_the_same_bytes():
    assert letter_pdf(LETTER) == letter_pdf(replace(LETTER))
    assert acceptance_pdf(ACCEPTANCE) == acceptance_pdf(replace(ACCEPTANCE))
    assert letter_pdf(LETTER) != letter_pdf(replace(LETTER, number="C-2026-000124"))


def test_the_document_tells_readers_its_title_language_and_day():
    reader = opened(letter_pdf(LETTER))
    assert reader.metadata is not None
    assert reader.metadata.title == "委嘱状"
    assert reader.metadata.subject == "C-2026-000123 山田 太郎"
    assert reader.metadata.creation_date == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert reader.root_object["/Lang"] == "ja-JP"


@pytest.mark.parametrize(
    "name", ["髙橋 﨑子", "𠮷野家 太郎", "神谷 一", "辻\U000e0100 か\u3099", "Müller-Lüdenscheidt Jörg"]
)
def test_rare_characters_are_written_as_they_are(name: str):
    text = joined(named(name)).replace("が", "か\u3099")
    assert f"{name}　殿" in text
    assert "〓" not in text


@pytest.mark.parametrize(
    ("name", "shown", "codes"),
    [
        ("김 민수", "〓 〓〓　殿", "（U+AE40、U+BBFC、U+C218）"),
        ("山田\x00太郎", "山田〓太郎　殿", "（U+0000）"),
        ("山田👨\u200d💻", "山田〓〓　殿", "（U+1F468、U+1F4BB）"),
        ("漢\u0488字", "漢字　殿", ""),
    ],
)
def test_a_character_the_font_lacks_is_shown_as_a_sign_and_named_at_the_foot(name: str, shown: str, codes: str):
    pdf = named(name)
    assert shown in lines(pdf)
    assert codes in joined(pdf)
    metadata = opened(pdf).metadata
    assert metadata is not None
    assert metadata.subject == f"C-2026-000123 {name}"


def test_the_foot_names_a_dozen_missing_characters_and_says_there_are_more():
    text = joined(named("".join(chr(0xAC00 + number) for number in range(60))))
    assert "U+AC0Bほか）" in text
    assert "U+AC0C" not in text


@pytest.mark.parametrize("name", [LONG, "鬱" * 60, "W" * 60, "長い 名前 " * 10, "鬱" * 150])
def test_a_long_name_keeps_to_its_page(name: str):
    letter, acceptance = joined(named(name)), joined(acceptance_pdf(replace(ACCEPTANCE, name=name)))
    assert "".join(f"{name}殿".split()) in "".join(letter.split())
    assert "".join(f"氏名{name}".split()) in "".join(acceptance.split())
    assert "お問い合わせ先" in letter


def test_a_name_as_long_as_fits_in_a_line_is_only_made_smaller():
    assert "鬱" * 32 + "　殿" in lines(named("鬱" * 32))


def test_what_cannot_fit_one_page_is_refused():
    with pytest.raises(ValueError, match="fit"):
        letter_pdf(replace(LETTER, name="鬱" * 400))
    with pytest.raises(ValueError, match="fit"):
        acceptance_pdf(replace(ACCEPTANCE, name="鬱" * 170, letter_number="9" * 300, terms_version="9" * 300))


def test_line_breaks_and_braces_in_a_name_change_nothing_else():
    assert "山田 {number} %s(\\)　殿" in lines(named("山田\n{number}\t%s(\\)"))


def test_many_letters_leave_no_memory_behind():
    letter_pdf(LETTER)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(500):
            letter_pdf(replace(LETTER, number=f"C-2026-{number:06d}"))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 64 * 1024
