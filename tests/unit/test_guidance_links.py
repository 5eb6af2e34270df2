"""申請・リンク: the data lead somewhere everywhere, name every trap, and fit into what LINE takes."""

import copy
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from bot.emulator.validation import refuse_messages
from bot.guidance import guidance
from bot.line import limits
from bot.postbacks import CardTap, encode
from bot.screens.guidance import place as screen
from handlers.line.routes import CARDS, MENU
from models.rules.guidance import BadGuidance, Destination, Guidance, Place, Question, load
from tests.support.source import ROOT
from tests.support.world import words_of

GUIDE = guidance()
PLACES = list(GUIDE.places())
ENDS = [place for place in PLACES if isinstance(place.here, Destination)]
CHART = ROOT / "docs" / "flows" / "guidance.mmd"


def path(place: Place) -> str:
    return ".".join(answer.key for answer in place.given) or "start"


def end(way: str) -> Destination:
    here = GUIDE.place(way).here
    assert isinstance(here, Destination), f"{way} leads to the question {here.key}"
    return here


# --- every path ends, and says what it must -------------------------------------------------------


def test_every_path_ends_after_a_few_questions():
    assert {place.here.key for place in ENDS} == set(GUIDE.destinations)
    assert max(len(place.given) for place in ENDS) <= 4


@pytest.mark.parametrize("place", ENDS, ids=path)
def test_an_end_says_what_to_have_ready_and_opens_a_page(place: Place):
    assert isinstance(place.here, Destination)
    assert 1 <= len(place.here.links) <= 3, "three buttons on a card at most"
    assert 1 <= len(place.here.care) <= 6, "who reads more than six warnings?"
    assert len(set(place.here.care)) == len(place.here.care)
    for line in (*place.here.ready, *place.here.care):
        assert len(line) <= 70, line


TRAPS = {
    "エントリー does not log in": r"エントリーでは、.*ログインできません",
    "only the new address logs in": r"メールアドレスを変えたあとは、新しいアドレスだけ",
    "log out of the GビズID site first": r"GビズIDのサイトにログイン中だと.*先にログアウト",
    "one application a round, not both districts": r"1回の締切に出せる申請は1件だけ.*両方には出せません",
    "様式4 closes about ten days before, never later": r"様式4.*公募締切の約10日前.*どんな理由でも依頼できません",
    "one file a field, 10 MB": r"1項目に1ファイル、10MBまで",
    "プライム takes two to three weeks": r"プライムは.*審査に2〜3週間",
}


def traps_of(here: Destination) -> set[str]:
    return {name for name, words in TRAPS.items() if any(re.search(words, line) for line in here.care)}


def test_every_trap_of_the_programme_is_named_somewhere():
    assert set().union(*(traps_of(place.here) for place in ENDS if isinstance(place.here, Destination))) == set(TRAPS)


@pytest.mark.parametrize("district", ["shokokai", "cci"])
def test_who_applies_for_the_subsidy_is_told_every_trap_of_its_system(district: str):
    here = end(f"b.jizokuka.id.{district}")
    assert set(TRAPS) - traps_of(here) == {"エントリー does not log in", "プライム takes two to three weeks"}
    assert here.links[0].key == "jizokuka_system"
    assert not here.first


@pytest.mark.parametrize("goal", ["jizokuka", "jgrants"])
@pytest.mark.parametrize("held", ["entry", "none", "unknown"])
def test_without_prime_or_member_that_comes_first(goal: str, held: str):
    here = end(f"b.{goal}.{held}")
    assert here.first
    assert {"エントリー does not log in", "プライム takes two to three weeks"} <= traps_of(here)
    assert here.links[0].url == "https://gbiz-id.go.jp/"


def test_a_member_of_mirasapo_does_not_join_again():
    assert any("退会や会員登録のやり直しは要りません" in line for line in end("b.mirasapo.yes.old").care)
    assert "会員登録" in end("b.mirasapo.yes.new").title
    for way in ("new", "old"):
        assert "only the new address logs in" in traps_of(end(f"b.mirasapo.yes.{way}"))


@pytest.mark.parametrize("who", ["e", "o"])
def test_who_helps_is_told_that_the_business_applies(who: str):
    for goal in ("jizokuka", "jgrants"):
        assert "申請するのは事業者です" in end(f"{who}.{goal}").what


# --- paths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES, ids=path)
def test_back_is_the_question_before(place: Place):
    if not place.given:
        assert place.back is None
        return
    before = GUIDE.place(place.back or "")
    assert isinstance(before.here, Question)
    assert before.here.answers[[a.key for a in before.here.answers].index(place.given[-1].key)] == place.given[-1]


@pytest.mark.parametrize(
    ("way", "known"),
    [
        ("nope", ""),
        ("b.nope.id", "b"),
        ("b.jizokuka.id.cci.more", "b.jizokuka.id.cci"),
        ("", ""),
        ("..", ""),
        ("b.", "b"),
        ("x" * 250, ""),
    ],
)
def test_an_answer_that_no_longer_exists_asks_that_question_again(way: str, known: str):
    assert GUIDE.place(way) == GUIDE.place(known)


# --- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES, ids=path)
def test_a_message_asks_one_thing_and_fits(place: Place):
    body = screen(place).as_json()
    refuse_messages({"messages": [body]})
    words = words_of(body)
    assert "…" not in words, "shortened"
    labels = [item["action"]["label"] for item in body.get("quickReply", {}).get("items", ())]
    assert labels == (["もどる", "はじめから"] if place.given else [])
    if isinstance(place.here, Question):
        assert words.count("？") == 1
        assert all(f"〔{answer.label}〕" in words for answer in place.here.answers)
        assert not [a.label for a in place.here.answers if len(a.label) > limits.LABEL_MAX]
        assert len({a.label for a in place.here.answers}) == len(place.here.answers) <= 5
        return
    assert "？" not in words
    for line in (*place.here.ready, *place.here.care):
        assert f"・{line}" in words
    assert f"{place.here.checked:%Y/%m/%d}時点の案内です" in words


def test_the_paths_stay_short_enough_for_a_button():
    for place in PLACES:
        assert len(path(place)) <= 40
        encode(CardTap("guide", value=path(place)))


def test_the_menu_word_and_the_button_lead_here():
    assert MENU["申請・リンク"].__module__ == CARDS["guide"].__module__ == "handlers.line.guidance"


# --- the file --------------------------------------------------------------------------------------


def data() -> dict[str, Any]:
    return tomllib.loads(files("bot.guidance").joinpath("links.toml").read_text("utf-8"))


def test_links_have_the_form_of_an_address_a_source_and_the_day_of_their_check():
    for link in GUIDE.links.values():
        assert re.fullmatch(r"https://[a-z0-9.-]+\.(go\.jp|or\.jp|com|info)/[\w/.?=#-]*", link.url), link.key
        assert len(link.url) <= limits.URI_MAX
        assert type(link.checked) is date
        assert not isinstance(link.checked, datetime)
        assert re.fullmatch(r"seeds/\d{3}|opened", link.source), "the paper it stands in, or that somebody opened it"
        assert len(link.label) <= limits.LABEL_MAX


def test_no_phone_number_stands_in_the_file():
    assert not re.search(r"\d{2,4}[-(（]\d{1,4}[-)）]\d{3,4}", "".join(str(data()["facts"]) + str(data()["ends"])))


BROKEN: list[tuple[str, Any, str]] = [
    ("start", "nope", "no question nope"),
    ("questions.who.answers.0.to", "nope", "leads to nope, which is nowhere"),
    ("questions.district.answers.0.to", "jizokuka", "leads back to itself"),
    ("questions.who.answers.0.to", "who", "leads back to itself"),
    ("questions.who.answers.0.key", "e", "a key of its own"),
    ("questions.who.answers.0.key", "a.b", "a key of its own"),
    ("questions.who.answers", [], "two answers or more"),
    ("questions.who.answers.0", {"key": "b", "label": "x"}, "to"),
    ("questions.district.answers.2.to", "jizokuka_cci", "district_unknown is never reached"),
    ("links.mirasapo.url", "http://mirasapo-plus.go.jp/", "no https address"),
    ("links.mirasapo.url", "https://user@mirasapo-plus.go.jp/", "no https address"),
    ("links.mirasapo.url", "https://mirasapo-plus.go.jp/ x", "no https address"),
    ("links.mirasapo.checked", "2023-11-08", "no date"),
    ("links.mirasapo.checked", datetime(2023, 11, 8), "no date"),
    ("links.mirasapo", {"label": "x", "url": "https://x.jp/", "source": "x"}, "checked"),
    ("links.spare", {"label": "x", "url": "https://x.jp/", "checked": date(2025, 5, 1), "source": "x"}, "never shown"),
    ("facts.spare", "x", "fact spare is never said"),
    ("ends.jgrants_ready.care", ["nope"], "nope"),
    ("ends.jgrants_ready.care", [], "must not be empty"),
    ("ends.jgrants_ready.links", ["nope"], "nope"),
    ("ends.jgrants_ready.links", [], "must not be empty"),
    ("ends.jgrants_ready.colour", "red", "colour"),
    ("ends.who", {"title": "x", "what": "x", "ready": ["x"], "care": ["entry"], "links": ["mirasapo"]}, "both"),
]


@pytest.mark.parametrize(("where", "value", "fault"), BROKEN)
def test_a_file_that_contradicts_itself_is_refused_by_name(where: str, value: Any, fault: str):
    broken = copy.deepcopy(data())
    *way, last = where.split(".")
    at: Any = broken
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    at[int(last) if last.isdigit() else last] = value
    with pytest.raises(BadGuidance, match=re.escape(fault)):
        load(broken)


def test_a_check_counts_for_ninety_days():
    checked = GUIDE.links["mirasapo"].checked
    assert checked == date(2023, 11, 8), "somebody looked: change this day as well"
    assert not GUIDE.old_links(checked + timedelta(days=90))
    assert [link.key for link in GUIDE.old_links(checked + timedelta(days=91))] == ["mirasapo"]
    assert GUIDE.old_links(date(2026, 11, 24))[0].key == "mirasapo"


# --- the flowchart ---------------------------------------------------------------------------------


def chart(guide: Guidance) -> Iterator[str]:
    yield "%% 申請・リンク, drawn from bot/guidance/links.toml; tests/unit/test_guidance_links.py compares them."
    yield "flowchart LR"
    yield f'  menu(["申請・リンク"]) --> {guide.start}'
    for question in guide.questions.values():
        yield f'  {question.key}{{"{question.ask}"}}'
        yield from (f'  {question.key} -- "{answer.label}" --> {answer.to}' for answer in question.answers)
    for here in guide.destinations.values():
        links = "".join(f"<br>〔{link.label}〕" for link in here.links)
        yield f'  {here.key}["{here.title}{links}"]{":::first" if here.first else ""}'
    yield "  classDef first stroke:#B54708"


def test_the_flowchart_shows_what_the_file_says():
    drawn = "\n".join(chart(GUIDE)) + "\n"
    assert CHART.read_text("utf-8") == drawn, f"write this into docs/flows/guidance.mmd:\n{drawn}"
