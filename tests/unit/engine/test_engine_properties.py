"""Whatever is sent to whichever form: the session stays valid and no answer is lost."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.engine import ACTS, WORDS, advance, begin, resume
from bot.form import Form, Inbound, Misfit, PhotoBad, PhotoTaken, Step, Tapped, Turn, Typed, is_open
from bot.postbacks import DATA_MAX, FormTap, decode
from bot.session import REVIEW, Session, from_json, to_json
from bot.text import catalogue
from models.rules.fields import Value
from models.rules.registration import Item
from tests.support.chat import FORMS, GOOD, actions_of, check_messages

BY_FORM = pytest.mark.parametrize("form", FORMS, ids=[form.key for form in FORMS])
MODERATE = settings(
    max_examples=120, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
GOOD_TEXTS = sorted(
    {
        part
        for answers in GOOD.values()
        for value in answers.values()
        for part in ([value] if isinstance(value, str) else value)
    }
    | {
        "山田太郎",
        "関東",
        "みず",
        "中央",
        "楽天銀行",
        "ゆうちょ銀行",
        "10180",
        "なし",
        "123",
        "taro@gmail.co",
        "②実務経験10年以上",
    }
    | {"身分証明書", "顔写真、基本情報", "昭和55年4月1日", "税理士、気象予報士", "普通"}
)
JUNK = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LONG = st.sampled_from(["あ" * 5000, "👨‍👩‍👧" * 500, "、" * 5000, "山" * 51, "\x00\x07", "{name}", "１" * 400])

word = st.sampled_from(sorted(WORDS))
turning = st.sampled_from([Typed("撮り直す"), Typed("次へ"), Typed("もどる"), Typed("直す")])
answer = st.sampled_from(GOOD_TEXTS)
typed = st.one_of(answer, answer, answer, word, JUNK, LONG).map(Typed)
taps = st.tuples(
    st.just("tap"), st.integers(0, 20), st.integers(0, 3), st.sampled_from(["", "1980-04-01", "2999-01-01"])
)
forged = st.builds(
    Tapped,
    st.builds(
        FormTap,
        st.sampled_from([form.key for form in FORMS]),
        st.integers(0, 5),
        st.sampled_from([*sorted(ACTS), "answer", "date", "gone"]),
        st.one_of(answer, JUNK, st.just("²"), st.just("9" * 5000)),
    ),
    st.sampled_from(["", "1980-04-01", "x"]),
)
photos = st.builds(
    PhotoTaken,
    st.sampled_from([f"paper{n}" for n in range(7)]),
    st.booleans(),
    st.sampled_from(["", "set1", "set2"]),
    st.integers(1, 4),
)
misfits = st.one_of(
    st.sampled_from([Misfit("form.sticker"), Misfit("form.voice"), PhotoBad("photo.is_pdf")]),
    st.just(PhotoBad("photo.too_small", {"width": "10", "height": "20", "min_side": "600"})),
)
moves = st.lists(st.one_of(typed, taps, taps, forged, photos, misfits, turning), max_size=25)
starts = st.one_of(st.just(0), st.just(20), st.integers(0, 11))


def some_answers(form: Form, left_out: int) -> Mapping[str, Value]:
    """A good set of answers but for one; or none at all."""
    good = dict(GOOD[form.key])
    if left_out == 0:
        return {}
    keys = sorted(good)
    if left_out <= len(keys):
        del good[keys[left_out - 1]]
    return good


def closed(form: Form, answers: Mapping[str, Value]) -> dict[str, Value]:
    """The accepted answers: those of a question that needs none any more."""
    return {step.key: answers[step.key] for step in form.asked(answers) if not is_open(step, answers)}


def check_session(form: Form, before: Session, turn: Turn) -> None:
    check_messages(turn.replies)
    for action in actions_of(turn.replies):
        assert len(action.get("data", "").encode("utf-16-le")) // 2 <= DATA_MAX
    if turn.session is None:
        assert turn.command
        missing = [step.key for step in form.asked(turn.command.answers) if is_open(step, turn.command.answers)]
        assert not missing, "a form ended with open questions"
        return
    after = turn.session
    assert turn.replies, "somebody was met by silence"
    assert after.step == REVIEW or form.step(after.step) in form.asked(after.answers)
    assert from_json(to_json(after)) == after
    assert from_json(json.loads(json.dumps(to_json(after)))) == after
    assert after.revision > before.revision or after == before
    if after.step != REVIEW and not turn.paused:
        labels = [action["label"] for action in actions_of(turn.replies[-1:])]
        assert {"もどる", "中断する"} <= set(labels), f"no way out among {labels}"


def check_answers(form: Form, before: Session, inbound: Inbound, turn: Turn) -> None:
    """An accepted answer goes only where it was answered anew, taken back, or made invalid by a changed one."""
    held = closed(form, before.answers)
    after = turn.session.answers if turn.session else turn.command.answers if turn.command else {}
    changed = {key for key in {*before.answers, *after} if before.answers.get(key) != after.get(key)}
    if turn.command:
        assert changed <= {before.step} | {
            key for key in before.answers if key not in {s.key for s in form.asked(after)}
        }
        return
    for key in changed & set(held) - {before.step}:
        step = form.step(key)
        assert step
        assert key not in after, f"{key} was changed by an answer to {before.step}"
        assert is_open(step, {**after, key: held[key]}) or before.step in step.depends, f"{key} was lost"
    step = form.step(before.step)
    if step and before.step in changed & set(held):
        check_same_question(step, held[step.key], after.get(step.key), inbound)


def check_same_question(step: Step, old: Value, new: Value | None, inbound: Inbound) -> None:
    """The question at hand: a new answer replaces the old one, a photo joins, 撮り直す drops the last."""
    if not step.photos:
        assert new is not None, f"{step.key} was lost"
        return
    assert isinstance(new, list)
    assert isinstance(old, list)
    if isinstance(inbound, PhotoTaken):
        assert len(new) <= step.photos
        assert new[-1] == inbound.paper_id or len(new) == step.photos
        assert step.photos == 1 or new[: len(old)] == old or inbound.paper_id in old
    else:
        assert new == old[:-1], "only 撮り直す takes a photo away, and only the last"


def a_tap(offered: list[list[dict]], which: int, ago: int, date: str) -> Tapped | None:
    """A button of the newest reply, or of one some turns ago."""
    shown = offered[max(0, len(offered) - 1 - ago)]
    buttons = [action for action in shown if "data" in action]
    if not buttons:
        return None
    tap = decode(buttons[which % len(buttons)]["data"])
    assert isinstance(tap, FormTap)
    return Tapped(tap, date)


def started(form: Form, left_out: int, at: int) -> Turn:
    """At the first open question, or (`at` above 0) with any of them opened again."""
    turn = begin(form, some_answers(form, left_out))
    assert turn.session
    if at == 0:
        return turn
    steps = form.asked(turn.session.answers)
    return resume(form, turn.session.at(steps[at % len(steps)].key, editing=at % 2 == 0))


@BY_FORM
@given(left_out=starts, at=st.integers(0, 10), sequence=moves)
@MODERATE
def test_any_sequence_leaves_a_valid_session_and_loses_no_answer(form: Form, left_out: int, at: int, sequence):
    turn = started(form, left_out, at)
    offered = [actions_of(turn.replies)]
    for move in sequence:
        session = turn.session
        assert session is not None
        inbound = a_tap(offered, *move[1:]) if isinstance(move, tuple) else move
        if inbound is None:
            continue
        turn = advance(form, session, inbound)
        check_session(form, session, turn)
        check_answers(form, session, inbound, turn)
        offered.append(actions_of(turn.replies))
        if turn.session is None:
            return


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats() | JUNK | st.sampled_from(GOOD_TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JUNK, inner, max_size=4),
    max_leaves=8,
)


@BY_FORM
@given(data=st.data())
@settings(MODERATE, max_examples=60)
def test_whatever_was_kept_is_none_of_ours_or_goes_on(form: Form, data: st.DataObject):
    kept = to_json(
        Session(form.key, form.version, data.draw(st.sampled_from(["", *[s.key for s in form.steps], "gone"])))
    )
    kept["answers"] = dict(GOOD[form.key])
    for key in data.draw(st.sets(st.sampled_from(sorted(kept)), max_size=3)):
        kept[key] = data.draw(junk)
    session = from_json(kept)
    if session is None:
        return
    turn = advance(form, session, data.draw(st.one_of(typed, forged, photos, misfits)))
    check_session(
        form, Session(session.form, session.version, session.step, session.answers, session.revision - 1), turn
    )


ITEMS = [item.value for item in Item]
LED_TO = {
    "check_out": [{"minutes": "other"}],
    "declare": [{"minutes": "other"}],
    "papers": [{"requirement": "1", "qualifications": ["税理士"]}, {"requirement": "2", "qualifications": ["なし"]}],
    "return": [{"available": ITEMS, "items": ITEMS}],
    "dispatch_propose": [{f"time_{at}": f"2026-12-0{at}T13:00-16:00" for at in range(1, 5)}],
    "request": [{"business": "7000012050002", "topic": "その他", "slot_2": "2026-12-02T13:00-16:00"}],
}


@BY_FORM
def test_every_question_of_a_form_can_be_reached(form: Form):
    reached = {step.key for answers in LED_TO.get(form.key, [{}]) for step in form.asked(answers)}
    assert reached == {step.key for step in form.steps}


@BY_FORM
def test_every_question_has_its_words_and_a_name(form: Form):
    sentences = catalogue()
    assert {step.prompt for step in form.steps} <= set(sentences)
    assert form.review in sentences
    for step in form.steps:
        assert step.field.name in sentences[step.prompt].format(name=step.field.name, example=step.field.example) or (
            step.key in {"career", "reason", "name", "items"}
        )


@BY_FORM
def test_the_talk_through_a_whole_form_ends_with_its_command(form: Form):
    turn = begin(form, GOOD[form.key])
    assert turn.session
    assert turn.session.step == REVIEW
    ended = advance(form, turn.session, Typed(form.finish))
    assert ended.command
    assert ended.command.name == form.command
