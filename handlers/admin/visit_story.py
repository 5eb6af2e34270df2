"""What happened to a visit, in order: records at either end, words, certifications, decisions, fees."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.screens import fee as fee_words
from bot.screens.visit import distance_line, source_words
from bot.text import t
from models.rules.calendar import format_datetime
from models.rules.visit import Source
from models.views.evidence import Certificate, EvidenceView, Judgement
from models.views.visit import ActView, NoteView

DECIDED = frozenset({"accept", "ask", "reject"})


@dataclass(frozen=True)
class Event:
    """One line: when it reached us, who, what, more about it in plain words, and what was said. `over`: taken back."""

    at: datetime
    who: str
    what: str
    more: str = ""
    said: str = ""
    over: bool = False


def story(found: EvidenceView) -> tuple[Event, ...]:
    """All of it, the newest first."""
    events = [*_acts(found), *_words(found), *_decisions(found), *_certificates(found), *_fees(found)]
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))


def recorder(found: EvidenceView, act: ActView) -> str:
    """Who recorded an end."""
    if act.by_kind == "staff":
        return t("evidence.by_staff", name=found.names.get(act.by_id or "", "")).strip()
    return found.names.get(act.by_id or "") or _side(act.by_kind)


def _side(kind: str) -> str:
    return t(f"evidence.by_{kind}", name="").strip()


def _acts(found: EvidenceView) -> Iterator[Event]:
    said = {note.act_seq: note.text for note in found.notes if note.act_seq}
    for act in found.acts:
        end = t(f"evidence.end_{act.end}")
        undone = act.source is Source.UNDONE
        what = t("evidence.undone", end=end) if undone else f"{end}（{source_words(act)}）"
        more = "" if undone else format_datetime(act.at)
        if act.source in (Source.GPS, Source.LOCATION):
            more += f"　{distance_line(act)}"
        yield Event(
            act.received_at, recorder(found, act), what, more, said.get(act.seq, ""), act.seq in found.undone
        )  # fmt: skip


def _words(found: EvidenceView) -> Iterator[Event]:
    """Words that stand for themselves; those of an act or of a decision are shown with it."""
    decided = {(each.answer, each.at) for each in found.decisions}
    for note in found.notes:
        if not note.act_seq and (note.kind, note.at) not in decided:
            yield Event(note.at, _side(note.by_kind), t(f"evidence.note_{note.kind}"), "", note.text)


def _decisions(found: EvidenceView) -> Iterator[Event]:
    for each in found.decisions:
        yield Event(each.at, each.staff or _side("staff"), t(f"audit.visit.{each.answer}"), "", _said(found, each))


def _said(found: EvidenceView, decision: Judgement) -> str:
    same = (note for note in found.notes if (note.kind, note.at) == (decision.answer, decision.at))
    return next((note.text for note in same), "")


def _certificates(found: EvidenceView) -> Iterator[Event]:
    for each in found.certificates:
        yield Event(each.at, each.name or _side("business"), t(f"evidence.certified_{each.how}"), certified_words(each))


def certified_words(certificate: Certificate) -> str:
    """The times that the business saw."""
    went = format_datetime(certificate.went_at) if certificate.went_at else "－"
    return t(
        "evidence.certified_times", came=format_datetime(certificate.came_at), went=went, off=certificate.non_payable
    )


def _fees(found: EvidenceView) -> Iterator[Event]:
    for each in found.fees:
        yield Event(each.at, _side("system"), t("evidence.fee"), fee_words.working(each.fee))


def last_words(found: EvidenceView) -> NoteView | None:
    """The expert's answer to the last question, or what the business objected to: what the desk should read first."""
    weighty = [note for note in found.notes if note.kind in ("answer", "disagreed")]
    return weighty[-1] if weighty else None
