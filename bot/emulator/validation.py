"""What LINE refuses in messages: its own models first, then the limits that only its prose names."""

from collections.abc import Callable
from typing import Any

from linebot.v3.messaging import models
from pydantic.v1 import BaseModel

from bot.emulator import action_rules, flex_rules
from bot.emulator.findings import Findings, Json
from bot.emulator.refusals import Problem, invalid_body
from bot.emulator.shapes import problems_of_shape
from bot.line import limits

STEP = limits.LOADING_SECONDS[2]


def refuse_reply(body: Any, *, allow_http_localhost: bool = False) -> None:
    """LineError 400 for what `POST /v2/bot/message/reply` does not take."""
    _refuse(body, models.ReplyMessageRequest, allow_http_localhost)


def refuse_push(body: Any, *, allow_http_localhost: bool = False) -> None:
    """LineError 400 for what `POST /v2/bot/message/push` does not take."""
    _refuse(body, models.PushMessageRequest, allow_http_localhost)


def refuse_multicast(body: Any, *, allow_http_localhost: bool = False) -> None:
    """LineError 400 for what `POST /v2/bot/message/multicast` does not take."""
    _refuse(body, models.MulticastRequest, allow_http_localhost)
    if not 1 <= len(body["to"]) <= limits.RECIPIENTS_MAX:
        raise invalid_body([Problem("to", f"Size must be between 1 and {limits.RECIPIENTS_MAX}")])


def refuse_messages(body: Any, *, allow_http_localhost: bool = False) -> None:
    """LineError 400 for what the `POST /v2/bot/message/validate/…` endpoints do not take."""
    _refuse(body, models.ValidateMessageRequest, allow_http_localhost)


def refuse_loading(body: Any) -> None:
    """LineError 400 unless 5 to 60 seconds in steps of 5 are asked for."""
    problems = problems_of_shape(body, models.ShowLoadingAnimationRequest)
    if not problems and (body.get("loadingSeconds") or STEP) % STEP:
        problems = [Problem("loadingSeconds", f"must be a multiple of {STEP}")]
    if problems:
        raise invalid_body(problems)


def _refuse(body: Any, model: type[BaseModel], allow_http_localhost: bool) -> None:
    problems = problems_of_shape(body, model)
    if not problems:
        problems = problems_of_messages(body["messages"], allow_http_localhost=allow_http_localhost)
    if problems:
        raise invalid_body(problems)


def problems_of_messages(messages: Any, *, allow_http_localhost: bool = False) -> list[Problem]:
    """The prose limits, for messages whose shape has been judged."""
    found = Findings(allow_http_localhost)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        judge = _BY_TYPE.get(message["type"])
        if judge:
            judge(message, path, found)
        _common(message, path, found)
    return found.problems


def _common(message: Json, path: str, found: Findings) -> None:
    quick = message.get("quickReply")
    if quick is not None and found.size(quick.get("items"), f"{path}.quickReply.items", 1, limits.QUICK_REPLIES_MAX):
        for index, item in enumerate(quick["items"]):
            _quick_reply(item, f"{path}.quickReply.items[{index}]", found)
    sender = message.get("sender")
    if sender:
        found.units(sender, "name", f"{path}.sender", limits.SENDER_NAME_MAX)
        found.secure_url(sender, "iconUrl", f"{path}.sender", required=False)


def _quick_reply(item: Json, path: str, found: Findings) -> None:
    if item.get("type") != "action":
        found.add(f"{path}.type", "must be action")
    found.secure_url(item, "imageUrl", path, required=False)
    if item.get("action") is None:
        found.add(f"{path}.action", "must be specified")
    else:
        action_rules.in_quick_reply(item["action"], f"{path}.action", found)


def _text(message: Json, path: str, found: Findings) -> None:
    found.units(message, "text", path, limits.TEXT_MAX, required=True)


def _flex(message: Json, path: str, found: Findings) -> None:
    found.units(message, "altText", path, limits.ALT_TEXT_MAX, required=True)
    flex_rules.judge(message["contents"], f"{path}.contents", found)


def _media(message: Json, path: str, found: Findings) -> None:
    found.secure_url(message, "originalContentUrl", path)
    if message["type"] != "audio":
        found.secure_url(message, "previewImageUrl", path)
    elif (message.get("duration") or 0) <= 0:
        found.add(f"{path}.duration", "must be greater than 0")


def _location(message: Json, path: str, found: Findings) -> None:
    for key in ("title", "address"):
        found.units(message, key, path, limits.LOCATION_TEXT_MAX, required=True)
    for key, most in (("latitude", 90), ("longitude", 180)):
        if abs(message[key]) > most:
            found.add(f"{path}.{key}", f"must be between -{most} and {most}")


def _imagemap(message: Json, path: str, found: Findings) -> None:
    found.units(message, "altText", path, limits.ALT_TEXT_MAX, required=True)
    found.secure_url(message, "baseUrl", path)


def _template(message: Json, path: str, found: Findings) -> None:
    found.units(message, "altText", path, limits.ALT_TEXT_MAX, required=True)
    template = message["template"]
    _TEMPLATES[template["type"]](template, f"{path}.template", found)


def _buttons(template: Json, path: str, found: Findings) -> None:
    _panel(template, path, limits.BUTTONS_TEXT_MAX, limits.BUTTONS_ACTIONS_MAX, found)


def _confirm(template: Json, path: str, found: Findings) -> None:
    found.graphemes(template, "text", path, limits.CONFIRM_TEXT_MAX, required=True)
    found.size(template.get("actions"), f"{path}.actions", limits.CONFIRM_ACTIONS, limits.CONFIRM_ACTIONS)
    _actions(template, path, found)


def _carousel(template: Json, path: str, found: Findings) -> None:
    columns = template.get("columns")
    if found.size(columns, f"{path}.columns", 1, limits.CAROUSEL_COLUMNS_MAX):
        for index, column in enumerate(columns or ()):
            where = f"{path}.columns[{index}]"
            _panel(column, where, limits.CAROUSEL_TEXT_MAX, limits.CAROUSEL_ACTIONS_MAX, found)
        if len({len(column.get("actions") or ()) for column in columns or ()}) > 1:
            found.add(f"{path}.columns", "all columns must have the same number of actions")


def _image_carousel(template: Json, path: str, found: Findings) -> None:
    columns = template.get("columns")
    if found.size(columns, f"{path}.columns", 1, limits.CAROUSEL_COLUMNS_MAX):
        for index, column in enumerate(columns or ()):
            where = f"{path}.columns[{index}]"
            found.secure_url(column, "imageUrl", where)
            action_rules.in_template(column["action"], f"{where}.action", found, limits.IMAGE_CAROUSEL_LABEL_MAX)


def _panel(panel: Json, path: str, text_max: int, actions_max: int, found: Findings) -> None:
    """What a buttons template and a carousel column have in common; less text beside a title or an image."""
    short = panel.get("title") is not None or panel.get("thumbnailImageUrl") is not None
    most = limits.TEMPLATE_SHORT_TEXT_MAX if short else text_max
    found.graphemes(panel, "title", path, limits.TEMPLATE_TITLE_MAX)
    found.graphemes(panel, "text", path, most, required=True)
    found.secure_url(panel, "thumbnailImageUrl", path, required=False)
    found.size(panel.get("actions"), f"{path}.actions", 1, actions_max)
    _actions(panel, path, found)
    if panel.get("defaultAction"):
        action_rules.in_flex(panel["defaultAction"], f"{path}.defaultAction", found)


def _actions(owner: Json, path: str, found: Findings) -> None:
    for index, action in enumerate(owner.get("actions") or ()):
        action_rules.in_template(action, f"{path}.actions[{index}]", found)


_TEMPLATES: dict[str, Callable[[Json, str, Findings], None]] = {
    "buttons": _buttons,
    "confirm": _confirm,
    "carousel": _carousel,
    "image_carousel": _image_carousel,
}
_BY_TYPE: dict[str, Callable[[Json, str, Findings], None]] = {
    "text": _text,
    "textV2": _text,
    "flex": _flex,
    "image": _media,
    "video": _media,
    "audio": _media,
    "location": _location,
    "imagemap": _imagemap,
    "template": _template,
}
