"""The expert's answer to what the secretariat asks about a visit. Drawn in `evidence.mmd`."""

from bot.form import Form, Step
from models.rules.evidence import WORDS_MAX
from models.rules.wording import free_text

ANSWER = free_text(
    "visit_answer", "質問への回答", "地下の会議室にいたため、GPSの位置がずれました", most=WORDS_MAX, lines=True
)

VISIT_ANSWER = Form(
    key="visit_answer",
    version=1,
    title="支援の記録についての回答",
    steps=(Step("visit_answer", "ask.visit_answer", ANSWER),),
    command="answer_visit",
    finish="この内容で送る",
    review="evidence.review",
    numbered=False,
)
