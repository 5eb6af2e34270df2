"""What a form is made of, and what goes in and comes out of a turn. Data only; the engine gives it life."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as default

from bot.line.messages import Message
from bot.postbacks import FormTap
from bot.session import Session
from models.rules.fields import Choice, Field, Value
from models.rules.registration import invalid_fields

Answers = Mapping[str, Value]


def _always(_answers: Answers) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """One question. `prompt` is a key of the catalogue; `when` says whether it is asked at all.

    `choices` overrides the field's own; `groups` splits a long list into named parts; `photos` is the most photos taken
    (0: not a photo question); `earliest` and `latest` are the ends of a picker's range, which opens at `initial`;
    `menu` holds words of the menu that lead to an answer too; `depends` names the answers that give this one its
    meaning: when one of them changes, this is asked again; `taken` is what is said of a photo that came.
    """

    key: str
    prompt: str
    field: Field
    choices: Callable[[Answers], tuple[Choice, ...]] | None = None
    when: Callable[[Answers], bool] = _always
    groups: Mapping[str, tuple[Choice, ...]] = default(default_factory=dict)
    photos: int = 0
    latest: str = ""
    earliest: str = ""
    initial: str = ""
    menu: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    taken: str = "form.photo_taken"

    def options(self, answers: Answers) -> tuple[Choice, ...]:
        """The finite answers, if there are any."""
        return self.choices(answers) if self.choices else self.field.choices


@dataclass(frozen=True)
class Form:
    """A form reads like the talk it produces. `command` is run at its end; `finish` is the word on the last button.

    `confirm`: whether all answers are shown for a last look before the command runs.
    """

    key: str
    version: int
    title: str
    steps: tuple[Step, ...]
    command: str
    finish: str = "完了"
    review: str = "form.review"
    numbered: bool = True
    confirm: bool = True

    def step(self, key: str) -> Step | None:
        """The step of that key."""
        return next((step for step in self.steps if step.key == key), None)

    def asked(self, answers: Answers) -> tuple[Step, ...]:
        """The steps that these answers lead through."""
        return tuple(step for step in self.steps if step.when(answers))


@dataclass(frozen=True)
class Typed:
    """Words."""

    text: str


@dataclass(frozen=True)
class Tapped:
    """A button of a form; `date` is what a picker gave (with a time, if it asked for one)."""

    tap: FormTap
    date: str = ""


@dataclass(frozen=True)
class PhotoTaken:
    """A photo that was kept as `paper_id`; `new` is False when it was there before."""

    paper_id: str
    new: bool = True
    album: str = ""
    total: int = 1


@dataclass(frozen=True)
class PhotoBad:
    """A photo that could not be kept, and why (a key of the catalogue)."""

    code: str
    data: Mapping[str, str] = default(default_factory=dict)


@dataclass(frozen=True)
class Misfit:
    """Something no question can use (a sticker, a voice message …); `code` says so politely."""

    code: str


Inbound = Typed | Tapped | PhotoTaken | PhotoBad | Misfit


@dataclass(frozen=True)
class Command:
    """What the form asks for at its end."""

    name: str
    answers: Answers
    subject: str = ""
    subject_version: int = 0


@dataclass(frozen=True)
class Turn:
    """The outcome of one call. `paused`: the session is kept, but no longer runs. None: the form is over."""

    session: Session | None
    replies: tuple[Message, ...] = ()
    command: Command | None = None
    paused: bool = False


def is_open(step: Step, answers: Answers) -> bool:
    """Whether a step still needs an answer. A skipped optional step holds an empty answer."""
    if step.photos:
        return not answers.get(step.key)
    if step.key not in answers:
        return True
    if step.field.optional and not answers[step.key]:
        return False
    return bool(invalid_fields((step.field,), answers))


def progress(form: Form, answers: Answers) -> tuple[int, int]:
    """How many of the questions asked are answered, and how many there are."""
    asked = form.asked(answers)
    return sum(not is_open(step, answers) for step in asked), len(asked)
