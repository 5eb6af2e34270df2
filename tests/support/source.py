"""Reading our own source: files, syntax trees, calls and the words in them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "models", "storage")


def sources(*rooms: str) -> list[Path]:
    """Every file we wrote in these rooms; a migration is a record and may be long."""
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    return sorted(path for path in found if "versions" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def nodes(*rooms: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in sources(*rooms):
        for node in ast.walk(tree(path)):
            yield path, node


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def calls(*names: str, rooms: tuple[str, ...] = ROOMS) -> Iterator[tuple[Path, ast.Call]]:
    for path, node in nodes(*rooms):
        if isinstance(node, ast.Call) and name_of(node.func) in names:
            yield path, node


def literals(node: ast.AST) -> list[str]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def at(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def attributes(owner: str, *rooms: str) -> set[str]:
    return {
        node.attr
        for _, node in nodes(*rooms)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == owner
    }
