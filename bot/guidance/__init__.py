"""申請・リンク as data: the questions, the ends and every address outside this service, in `links.toml` beside this."""

import tomllib
from functools import cache
from importlib.resources import files

from models.rules.guidance import Guidance, load


@cache
def guidance() -> Guidance:
    """What the file says; models.rules.guidance.BadGuidance when it contradicts itself."""
    return load(tomllib.loads(files(__name__).joinpath("links.toml").read_text("utf-8")))
