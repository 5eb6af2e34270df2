"""The end of a visit: minutes that are not paid, a place where there is no GPS, a time declared afterwards.

Drawn in `check_out.mmd`. Answers known beforehand: `planned` (the planned beginning), `recorded` (the check-in), ISO.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.form import Answers, Form, Step
from models.rules.calendar import to_jst
from models.rules.check_out import MINUTES, MINUTES_OTHER, OTHER, REASON, began_field, ended_field
from models.rules.judgement import Accepted, Field, Judgement, Refused, as_text
from models.rules.normalise import tidy
from models.rules.place import Point

PICKABLE = timedelta(days=60)
"""How far back the picker goes; `check_out.FORGOTTEN_FOR` offers no older visit."""
_PLACE = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,12})?),\s*(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)(?:\s.*)?", re.DOTALL)


def _other(answers: Answers) -> bool:
    return answers.get("minutes") == OTHER


def _unrecorded(answers: Answers) -> bool:
    return not answers.get("recorded")


def _judge_here(text: str, _answers: Answers) -> Judgement:
    found = _PLACE.fullmatch(tidy(text))
    try:
        point = Point(float(found[1]), float(found[2])) if found else None
    except ValueError:
        point = None
    return Accepted(f"{point.latitude:.6f},{point.longitude:.6f}") if point else Refused("check_out.no_place")


HERE = Field("here", "現在地", "位置情報", _judge_here, as_text, kind="place")

CHECK_OUT = Form(
    key="check_out",
    version=1,
    title="チェックアウト",
    steps=(
        Step("minutes", "ask.minutes", MINUTES),
        Step("minutes_other", "ask.minutes_other", MINUTES_OTHER, when=_other),
    ),
    command="check_out_minutes",
    numbered=False,
    confirm=False,
)

CHECK_OUT_HERE = Form(
    key="check_out_here",
    version=1,
    title="チェックアウト（位置情報）",
    steps=(Step("here", "ask.here", HERE),),
    command="check_out_here",
    numbered=False,
    confirm=False,
)


def declaration(now: datetime) -> Form:
    """The form as it stands at `now`: no time can be declared that lies ahead."""
    earliest, latest = (f"{to_jst(at):%Y-%m-%dT%H:%M}" for at in (now - PICKABLE, now))

    def timed(step: Step) -> Step:
        return replace(step, earliest=earliest, latest=latest, initial=latest)

    return Form(
        key="declare",
        version=1,
        title="時刻の申告",
        steps=(
            timed(Step("came", "ask.came", began_field(now), when=_unrecorded)),
            timed(Step("went", "ask.went", ended_field(now), depends=("came",))),
            Step("minutes", "ask.minutes", MINUTES),
            Step("minutes_other", "ask.minutes_other", MINUTES_OTHER, when=_other),
            Step("reason", "ask.declare_reason", REASON),
        ),
        command="declare_visit",
        finish="この内容で送る",
        review="form.review_declare",
    )
