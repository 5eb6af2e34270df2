"""申請・リンク: a few questions lead to a web form, with what must be ready first and the usual traps (domain.md 7).

A path is the answers so far, by their keys: `b.jizokuka.id.cci`; the empty path is the first question. All questions
and ends are data, read and judged by `load`; nothing here knows a particular form or address.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from models.rules.normalise import search_key

FRESH_DAYS = 90
"""For how long the check of a link counts (issue 3, 申請・リンク)."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")


class BadGuidance(ValueError):
    """The data contradict themselves; the message names every fault."""


@dataclass(frozen=True)
class Link:
    """An address outside this service, and the day on which it was last seen to lead there."""

    key: str
    label: str
    url: str
    checked: date
    source: str


@dataclass(frozen=True)
class Answer:
    """A button: `to` is the key of a question or of a destination."""

    key: str
    label: str
    to: str


@dataclass(frozen=True)
class Question:
    """One question and its answers."""

    key: str
    ask: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Destination:
    """An end: what it is, what must be ready, what to take care of, what to open (the main link first).

    `first`: the person cannot go where they wanted yet; this must be done before.
    """

    key: str
    title: str
    what: str
    ready: tuple[str, ...]
    care: tuple[str, ...]
    links: tuple[Link, ...]
    first: bool = False
    note: str = ""

    @property
    def checked(self) -> date:
        """The oldest check among its links."""
        return min(link.checked for link in self.links)


@dataclass(frozen=True)
class Place:
    """Where a path leads; `given` are those of its answers that were understood."""

    given: tuple[Answer, ...]
    here: Question | Destination

    @property
    def back(self) -> str | None:
        """The path of the question before; None at the first one."""
        return _path(self.given[:-1]) if self.given else None

    def after(self, answer: Answer) -> str:
        """The path that `answer` leads to."""
        return _path((*self.given, answer))


@dataclass(frozen=True)
class Guidance:
    """All questions, ends and links."""

    start: str
    questions: Mapping[str, Question]
    destinations: Mapping[str, Destination]
    links: Mapping[str, Link]

    def place(self, path: str) -> Place:
        """Where `path` leads. An answer that is not known (any more) ends it: that question is asked again."""
        given: tuple[Answer, ...] = ()
        here: Question | Destination = self.questions[self.start]
        for key in path.split("."):
            found = next((a for a in here.answers if a.key == key), None) if isinstance(here, Question) else None
            if found is None:
                break
            given, here = (*given, found), self._target(found.to)
        return Place(given, here)

    def places(self, path: str = "") -> Iterator[Place]:
        """Every place that can be reached from `path` on, itself included."""
        at = self.place(path)
        yield at
        if isinstance(at.here, Question):
            for answer in at.here.answers:
                yield from self.places(at.after(answer))

    def old_links(self, today: date, days: int = FRESH_DAYS) -> tuple[Link, ...]:
        """The links whose check is more than `days` old, the oldest first."""
        old = [link for link in self.links.values() if (today - link.checked).days > days]
        return tuple(sorted(old, key=lambda link: (link.checked, link.key)))

    def _target(self, key: str) -> Question | Destination:
        return self.questions.get(key) or self.destinations[key]


def typed_path(at: Place, words: str) -> str | None:
    """The path that typed `words` mean at a place: the label of an answer, もどる or はじめから; None for others."""
    said = search_key(words)
    if at.back is not None and said == search_key("もどる"):
        return at.back
    if said == search_key("はじめから"):
        return ""
    answers = at.here.answers if isinstance(at.here, Question) else ()
    return next((at.after(answer) for answer in answers if search_key(answer.label) == said), None)


def load(data: Mapping[str, Any]) -> Guidance:
    """The guidance that a parsed file describes (`bot/guidance/links.toml` says how); BadGuidance names all faults."""
    try:
        links = {key: Link(key=key, **row) for key, row in data["links"].items()}
        questions = {key: _question(key, row) for key, row in data["questions"].items()}
        ends = {key: _destination(key, row, data["facts"], links) for key, row in data["ends"].items()}
        guidance = Guidance(data["start"], questions, ends, links)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadGuidance(f"{type(error).__name__}: {error}") from error
    faults = [*_shape_faults(guidance), *_way_faults(guidance)] or _idle_faults(guidance, data["facts"])
    if faults:
        raise BadGuidance("; ".join(faults))
    return guidance


def _path(answers: Iterable[Answer]) -> str:
    return ".".join(answer.key for answer in answers)


def _question(key: str, row: Mapping[str, Any]) -> Question:
    return Question(key, row["ask"], tuple(Answer(**answer) for answer in row["answers"]))


def _destination(key: str, row: Mapping[str, Any], facts: Mapping[str, str], links: Mapping[str, Link]) -> Destination:
    named = {
        "ready": tuple(row["ready"]),
        "care": tuple(facts[fact] for fact in row["care"]),
        "links": tuple(links[link] for link in row["links"]),
    }
    return Destination(key=key, **{**row, **named})


def _shape_faults(guidance: Guidance) -> Iterator[str]:
    for link in guidance.links.values():
        if type(link.checked) is not date:
            yield f"link {link.key}: checked is no date (YYYY-MM-DD)"
        if not _is_https(link.url):
            yield f"link {link.key}: no https address"
    for end in guidance.destinations.values():
        if not (end.ready and end.care and end.links):
            yield f"end {end.key}: ready, care and links must not be empty"
    for question in guidance.questions.values():
        keys = [answer.key for answer in question.answers]
        if len(keys) < 2 or len(set(keys)) < len(keys) or not all(map(_KEY.fullmatch, keys)):
            yield f"question {question.key}: two answers or more, each with a key of its own (a-z, 0-9, _)"
    yield from (f"{key} is both a question and an end" for key in guidance.questions.keys() & guidance.destinations)


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and "." in parts.netloc and "@" not in parts.netloc and not re.search(r"\s", url)


def _way_faults(guidance: Guidance) -> list[str]:
    """Answers that lead nowhere, and circles."""
    known = {*guidance.questions, *guidance.destinations}
    if guidance.start not in guidance.questions:
        return [f"start: no question {guidance.start}"]
    nowhere = [
        f"question {question.key}: {answer.key} leads to {answer.to}, which is nowhere"
        for question in guidance.questions.values()
        for answer in question.answers
        if answer.to not in known
    ]
    return nowhere or [f"question {key} leads back to itself" for key in guidance.questions if _circles(guidance, key)]


def _circles(guidance: Guidance, start: str) -> bool:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        question = guidance.questions.get(ahead.pop())
        for answer in question.answers if question else ():
            if answer.to == start:
                return True
            if answer.to not in seen:
                seen.add(answer.to)
                ahead.append(answer.to)
    return False


def _idle_faults(guidance: Guidance, facts: Mapping[str, str]) -> list[str]:
    """What stands in the file and is never shown; walks all paths, so they must be sound."""
    reached = [place.here for place in guidance.places()]
    ends = [here for here in reached if isinstance(here, Destination)]
    shown = {here.key for here in reached}
    linked = {link.key for end in ends for link in end.links}
    said = {fact for end in ends for fact in end.care}
    return [
        *(f"{key} is never reached" for key in (*guidance.questions, *guidance.destinations) if key not in shown),
        *(f"link {key} is never shown" for key in guidance.links if key not in linked),
        *(f"fact {key} is never said" for key, words in facts.items() if words not in said),
    ]
