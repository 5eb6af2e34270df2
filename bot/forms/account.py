"""Going on with another LINE account: the registered address, and the code that came there. Drawn in `account.mmd`."""

from bot.form import Form, Step
from models.rules.fields import FIELD_BY_KEY, Field
from models.rules.invitation import judge_code, spelt

CODE = Field("code", "確認コード", "K7QX-3M9T", judge_code, lambda value: spelt(str(value)))

ACCOUNT_MAIL = Form(
    key="account_mail",
    version=1,
    title="以前登録した方",
    steps=(Step("mail", "ask.registered_mail", FIELD_BY_KEY["mail"]),),
    command="send_account_code",
    numbered=False,
    confirm=False,
)

ACCOUNT_CODE = Form(
    key="account_code",
    version=1,
    title="確認コード",
    steps=(Step("code", "ask.account_code", CODE),),
    command="give_account_code",
    numbered=False,
    confirm=False,
)
