"""What LINE refuses in an action object, by its place. Source: "Action objects" of the reference."""

from collections.abc import Callable
from datetime import datetime

from bot.emulator.findings import Findings, Json
from bot.line import limits

QUICK_REPLY_ONLY = frozenset({"camera", "cameraRoll", "location"})
RICH_MENU_ONLY = frozenset({"richmenuswitch"})
PICKER_FORMATS = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M"}
PICKER_FIRST_YEAR, PICKER_LAST_YEAR = 1900, 2100


def in_quick_reply(action: Json, path: str, found: Findings) -> None:
    """Under the last message: a label is needed, and no switching of rich menus."""
    if action.get("type") in RICH_MENU_ONLY:
        found.add(f"{path}.type", "not allowed in a quick reply")
    found.graphemes(action, "label", path, limits.LABEL_MAX, required=True)
    _judge(action, path, found)


def in_template(action: Json, path: str, found: Findings, label_max: int = limits.LABEL_MAX) -> None:
    """In a template message: a label is needed."""
    _only_in(action, path, found, QUICK_REPLY_ONLY | RICH_MENU_ONLY)
    found.graphemes(action, "label", path, label_max, required=True)
    _judge(action, path, found)


def in_flex(action: Json, path: str, found: Findings, *, label: bool = False) -> None:
    """In a Flex message: only a button needs its label."""
    _only_in(action, path, found, QUICK_REPLY_ONLY | RICH_MENU_ONLY)
    found.graphemes(action, "label", path, limits.FLEX_LABEL_MAX, required=label)
    _judge(action, path, found)


def in_rich_menu(action: Json, path: str, found: Findings) -> None:
    """On an area of a rich menu."""
    _only_in(action, path, found, QUICK_REPLY_ONLY)
    found.graphemes(action, "label", path, limits.LABEL_MAX)
    _judge(action, path, found)


def picked(mode: str, value: str | None) -> datetime | None:
    """A picker's value as a moment for comparing; None when it does not have the mode's form."""
    try:
        return datetime.strptime((value or "").replace("t", "T"), PICKER_FORMATS[mode])  # noqa: DTZ007
    except (KeyError, ValueError):
        return None


def _only_in(action: Json, path: str, found: Findings, refused: frozenset[str]) -> None:
    if action.get("type") in refused:
        found.add(f"{path}.type", "not allowed here")


def _judge(action: Json, path: str, found: Findings) -> None:
    judge = _BY_TYPE.get(action.get("type") or "")
    if judge:
        judge(action, path, found)


def _postback(action: Json, path: str, found: Findings) -> None:
    found.units(action, "data", path, limits.POSTBACK_DATA_MAX, required=True)
    for key in ("displayText", "text", "fillInText"):
        found.graphemes(action, key, path, limits.DISPLAY_TEXT_MAX)
    if action.get("displayText") is not None and action.get("text") is not None:
        found.add(f"{path}.text", "must not be specified together with displayText")
    if action.get("fillInText") is not None and action.get("inputOption") != "openKeyboard":
        found.add(f"{path}.fillInText", "needs inputOption openKeyboard")


def _message(action: Json, path: str, found: Findings) -> None:
    found.graphemes(action, "text", path, limits.DISPLAY_TEXT_MAX, required=True)


def _uri(action: Json, path: str, found: Findings) -> None:
    found.link(action, "uri", path)
    if action.get("altUri"):
        found.link(action["altUri"], "desktop", f"{path}.altUri")


def _clipboard(action: Json, path: str, found: Findings) -> None:
    found.units(action, "clipboardText", path, limits.CLIPBOARD_MAX, required=True)


def _switch(action: Json, path: str, found: Findings) -> None:
    found.units(action, "richMenuAliasId", path, limits.MENU_ALIAS_MAX, required=True)
    found.units(action, "data", path, limits.POSTBACK_DATA_MAX, required=True)


def _picker(action: Json, path: str, found: Findings) -> None:
    found.units(action, "data", path, limits.POSTBACK_DATA_MAX, required=True)
    mode = action.get("mode")
    if mode is None:
        found.add(f"{path}.mode", "must be specified")
        return
    given = {key: picked(mode, action[key]) for key in ("initial", "min", "max") if action.get(key) is not None}
    for key, moment in given.items():
        if moment is None or (mode != "time" and not PICKER_FIRST_YEAR <= moment.year <= PICKER_LAST_YEAR):
            found.add(f"{path}.{key}", f"invalid {mode}")
    least, most, initial = given.get("min"), given.get("max"), given.get("initial")
    if least and most and least >= most:
        found.add(f"{path}.max", "must be later than min")
    elif initial and ((least and initial < least) or (most and initial > most)):
        found.add(f"{path}.initial", "must be between min and max")


_BY_TYPE: dict[str, Callable[[Json, str, Findings], None]] = {
    "postback": _postback,
    "message": _message,
    "uri": _uri,
    "clipboard": _clipboard,
    "richmenuswitch": _switch,
    "datetimepicker": _picker,
}
