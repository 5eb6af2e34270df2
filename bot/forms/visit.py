"""写真でチェックイン: a photo of the place and why there is no position. Drawn in `visit.mmd`."""

from dataclasses import replace

from bot.form import Form, Step
from models.rules.judgement import Accepted, Answers, Choice, Field, Judgement
from models.rules.wording import free_text

REASONS = ("位置情報を取得できない", "屋内や地下で位置がずれる", "通信できる場所に移動した", "端末の調子が悪い")


def _keep(text: str, _answers: Answers) -> Judgement:
    """A photo is judged when it arrives."""
    return Accepted([text])


PHOTO = Field(
    key="place_photo",
    name="現地の写真",
    example="",
    judge=_keep,
    show=lambda value: f"{len(value)}枚",
    many=True,
)
REASON = replace(
    free_text("photo_reason", "理由", "地下の会議室で位置を取得できない"),
    choices=tuple(Choice(word, word) for word in REASONS),
)
CHECK_IN_PHOTO = Form(
    key="check_in_photo",
    version=1,
    title="写真でチェックイン",
    steps=(
        Step("place_photo", "ask.place_photo", PHOTO, photos=1, taken="visit.photo_taken"),
        Step("photo_reason", "ask.photo_reason", REASON),
    ),
    command="check_in_photo",
    finish="この内容で送る",
    review="visit.review_photo",
    numbered=False,
)
