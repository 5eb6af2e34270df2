"""What a package of this project holds."""

import tomllib
from pathlib import Path

from setuptools import find_packages

ROOT = Path(__file__).parents[2]


def test_the_stand_in_for_line_is_not_deployed():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    packages = find_packages(str(ROOT), include=told["include"], exclude=told["exclude"])
    assert {"bot", "handlers", "models", "storage"} <= set(packages)
    assert not [name for name in packages if name.startswith("bot.emulator")]
