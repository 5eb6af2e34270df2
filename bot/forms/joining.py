"""An approver who joins is asked for the name that applicants and colleagues will see."""

from bot.form import Form, Step
from models.rules.fields import FIELD_BY_KEY

APPROVER_NAME = Form(
    key="approver_name",
    version=1,
    title="担当者登録",
    steps=(Step("name", "ask.approver_name", FIELD_BY_KEY["name"]),),
    command="name_approver",
    numbered=False,
    confirm=False,
)
