"""派遣を依頼 in the chat: the short answers of a request; the rest is asked on its page. Drawn in `request.mmd`.

The form is made anew for each turn, with what was found for the words that were just typed: businesses on record and
experts by name. It ends without a last look of its own, for the card that follows is one, with the checks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as default
from datetime import date, timedelta

from bot.form import Answers, Form, Step
from models.rules.judgement import Accepted, Choice, Field, Judgement, Refused, Unclear, Value, as_text, fit_label
from models.rules.normalise import search_key, tidy
from models.rules.request import (
    ANYBODY,
    LENGTH,
    NEW,
    ON_RECORD,
    OTHER,
    corporate_digits,
    fields,
    judge_corporate_number,
    judge_expert,
    latest_day,
)
from models.views.request import KnownBusiness

KEY = "request"
ANYBODY_WORD = "事務局に任せる"
NEW_WORD = "新しい事業者"
SAME_PLACE = "事業者の所在地と同じ"
_SHOWN = 8
_NUMBER = re.compile("[0-9]{10,16}")


@dataclass(frozen=True)
class Found:
    """What was looked up for this turn. `experts`: names by person id; `recent`: businesses to begin with."""

    businesses: Sequence[KnownBusiness] = ()
    recent: Sequence[KnownBusiness] = ()
    experts: Mapping[str, str] = default(default_factory=dict)


NOTHING = Found()


def is_number(answers: Answers) -> bool:
    """Whether the business is known by its 法人番号 alone."""
    return bool(_NUMBER.fullmatch(as_text(answers.get("business", ""))))


def _business(field: Field, found: Found) -> Field:
    def judge(text: str, answers: Answers) -> Judgement:
        word = tidy(text)
        if word.startswith(ON_RECORD):
            return Accepted(word)
        if _NUMBER.fullmatch(corporate_digits(word)):
            number = judge_corporate_number(word, answers)
            known = found.businesses[:1] if isinstance(number, Accepted) else ()
            return Accepted(ON_RECORD + known[0].id) if known else number
        judged = field.judge(word.removeprefix(NEW), answers)
        if not isinstance(judged, Accepted) or word.startswith(NEW) or not found.businesses:
            return judged
        return _of_known(word, found.businesses)

    names = {ON_RECORD + known.id: known.name for known in (*found.businesses, *found.recent)}
    recent = tuple(Choice(fit_label(known.name), ON_RECORD + known.id) for known in found.recent[:_SHOWN])
    return replace(field, judge=judge, show=lambda value: names.get(as_text(value), as_text(value)), choices=recent)


def _of_known(word: str, known: Sequence[KnownBusiness]) -> Judgement:
    same = [each for each in known if search_key(each.name) == search_key(word)]
    if len(same) == 1:
        return Accepted(ON_RECORD + same[0].id)
    choices = [Choice(fit_label(each.name), ON_RECORD + each.id) for each in known[:_SHOWN]]
    return Unclear("request.which_business", (*choices, Choice(NEW_WORD, NEW + word)), more=len(known) > _SHOWN)


def _expert(field: Field, found: Found) -> Field:
    def judge(text: str, answers: Answers) -> Judgement:
        word = tidy(text)
        if word == ANYBODY_WORD:
            return Accepted(ANYBODY)
        judged = judge_expert(word, answers)
        if isinstance(judged, Accepted) or not found.experts:
            return judged if isinstance(judged, Accepted) else Refused("request.expert_unknown")
        if len(found.experts) == 1:
            return Accepted(next(iter(found.experts)))
        choices = tuple(Choice(fit_label(name), person_id) for person_id, name in found.experts.items())
        return Unclear("request.which_expert", choices[:_SHOWN], more=len(choices) > _SHOWN)

    def show(value: Value) -> str:
        chosen = as_text(value)
        return ANYBODY_WORD if chosen == ANYBODY else found.experts.get(chosen, chosen)

    return replace(field, judge=judge, show=show, kind="text", choices=(Choice(ANYBODY_WORD, ANYBODY),))


def _same_place(answers: Answers) -> tuple[Choice, ...]:
    address = as_text(answers.get("business_address", ""))
    return (Choice(SAME_PLACE, address),) if address else ()


def request_form(today: date, found: Found = NOTHING) -> Form:
    """The questions on a Japanese day, beside what was looked up."""
    of = {field.key: field for field in fields(today)}
    name = replace(of["business"], key="business_name")
    other = replace(of["topic_other"], optional=False)
    return Form(
        key=KEY,
        version=1,
        title="派遣の依頼",
        steps=(
            Step("business", "ask.request_business", _business(of["business"], found)),
            Step("business_name", "ask.request_business_name", name, when=is_number),
            Step("business_address", "ask.request_address", of["business_address"], when=_is_new),
            Step("title", "ask.request_title", of["title"]),
            Step("topic", "ask.request_topic", of["topic"]),
            Step("topic_other", "ask.request_topic_other", other, when=lambda answers: answers.get("topic") == OTHER),
            Step("place", "ask.request_place", of["place"], choices=_same_place),
            Step("length", "ask.request_length", LENGTH),
            _slot(of["slot_1"], today),
            _slot(of["slot_2"], today),
            _slot(of["slot_3"], today, when=lambda answers: bool(answers.get("slot_2"))),
            Step("expert", "ask.request_expert", _expert(of["expert"], found), menu=("専門家を探す",)),
        ),
        command="show_request",
        confirm=False,
    )


def _slot(field: Field, today: date, when: Callable[[Answers], bool] = lambda _answers: True) -> Step:
    return Step(
        field.key,
        "ask.request_slot_more" if field.optional else "ask.request_slot",
        field,
        when=when,
        earliest=f"{today}T00:00",
        initial=f"{today + timedelta(days=7)}T10:00",
        latest=f"{latest_day(today)}T23:30",
    )


def _is_new(answers: Answers) -> bool:
    return not as_text(answers.get("business", "")).startswith(ON_RECORD)
