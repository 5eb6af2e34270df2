"""Fields that are made where they are needed: free words, and several of a given list."""

from collections.abc import Callable, Mapping

from models.rules.judgement import Accepted, Field, Judgement, Refused, Value
from models.rules.normalise import tidy, tidy_lines

FREE_TEXT_MAX = 500


def free_text(
    key: str, name: str, example: str, *, most: int = FREE_TEXT_MAX, optional: bool = False, lines: bool = False
) -> Field:
    """A field for a person's own words, at most `most` characters after tidying; `lines`: line breaks are kept."""

    def judge(text: str, _answers: Mapping[str, Value]) -> Judgement:
        words = tidy_lines(text) if lines else tidy(text)
        if not words:
            return Refused("text.empty", {"name": name, "example": example})
        if len(words) > most:
            return Refused("text.too_long", {"name": name, "most": str(most), "length": str(len(words))})
        return Accepted(words)

    kind = "long" if lines else "text"
    return Field(key=key, name=name, example=example, judge=judge, show=str, optional=optional, kind=kind, most=most)


def one_of(values: Mapping[str, str]) -> Callable[[str, Mapping[str, Value]], Judgement]:
    """A judge for several of a list: `values` maps what a person reads to what is kept; separated by 、 or a comma."""
    known = {**values, **{value: value for value in values.values()}}

    def judge(text: str, _answers: Mapping[str, Value]) -> Judgement:
        words = [tidy(part) for part in text.replace(",", "、").split("、") if tidy(part)]
        chosen = list(dict.fromkeys(known[word] for word in words if word in known))
        if not words or len(chosen) < len(set(words)):
            return Refused("text.pick", {"choices": "、".join(values)})
        return Accepted(chosen)

    return judge
