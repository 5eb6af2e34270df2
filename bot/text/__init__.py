"""Every Japanese sentence of the chat, in one catalogue of TOML files beside this one.

`t("phone.format", example="090-…")` finds the sentence by its table and key and fills it in.
"""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def catalogue() -> dict[str, str]:
    """All sentences by their dotted key; ValueError when two files define the same key."""
    found: dict[str, str] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for key, sentence in _flatten(tomllib.loads(file.read_text("utf-8"))):
                if key in found:
                    raise ValueError(f"{key} stands twice in the catalogue ({file.name})")
                found[key] = sentence
    return found


def _flatten(table: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        pairs += _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, str(value))]
    return pairs


def t(key: str, **values: object) -> str:
    """The sentence `key`, filled in; KeyError names a sentence nobody wrote."""
    return catalogue()[key].format(**values)
