"""What a package of this project holds, and a fact that stands in two places."""

import re
import tomllib
from pathlib import Path

from setuptools import find_packages

from models.tables.base import table_of
from models.tables.registration import Application
from storage import expert_lists

ROOT = Path(__file__).parents[2]


def test_the_stand_in_for_line_is_not_deployed():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    packages = find_packages(str(ROOT), include=told["include"], exclude=told["exclude"])
    assert {"bot", "handlers", "models", "storage"} <= set(packages)
    assert not [name for name in packages if name.startswith("bot.emulator")]


def test_the_index_of_experts_names_holds_the_states_their_list_asks_for():
    index = next(index for index in table_of(Application).indexes if index.name == "ix_applications_experts")
    condition = str(index.dialect_options["postgresql"]["where"])
    assert re.findall(r"'(\w+)'", condition) == [str(state) for state in expert_lists.STATES]
