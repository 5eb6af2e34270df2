"""Which actions our code writes into the audit, read from the source."""

import ast
from collections.abc import Iterator
from functools import cache

from models.rules.dispatch import Action as DispatchAction
from models.rules.registration import Action
from tests.support.source import at, literals, name_of, sources, tree

ROOMS = ("handlers", "storage")
ENDINGS: dict[str, tuple[str, ...]] = {
    "application.*": tuple(Action),
    "dispatch.*": tuple(DispatchAction),
    "invitation.issue_*": ("expert", "approver"),
}
"""Actions put together at run time, and every ending they can have."""


@cache
def actions() -> tuple[frozenset[str], tuple[str, ...]]:
    """Every action that is written, and the places where it cannot be read from the source."""
    found: set[str] = set()
    unknown: list[str] = []
    for path in sources(*ROOMS):
        for call, function in _recordings(tree(path)):
            for action in _values(call.args[2], function, tree(path)):
                words = _expanded(action)
                found |= words
                unknown += [] if words else [f"{at(path, call)} {action}"]
    return frozenset(found), tuple(unknown)


def _recordings(module: ast.Module) -> Iterator[tuple[ast.Call, ast.FunctionDef]]:
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                recorded = isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.record", "record")
                if isinstance(node, ast.Call) and recorded and len(node.args) >= 4:
                    yield node, function


def _values(value: ast.expr, function: ast.FunctionDef, module: ast.Module) -> Iterator[str]:
    """What an argument can be: itself, either side of a choice, what callers in this file pass, what a table holds."""
    match value:
        case ast.Constant(value=str(word)):
            yield word
        case ast.JoinedStr():
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in value.values)
        case ast.IfExp():
            yield from _values(value.body, function, module)
            yield from _values(value.orelse, function, module)
        case ast.Subscript(value=ast.Name(id=table)) | ast.Subscript(value=ast.Attribute(attr=table)):
            yield from _table(table, module)
        case ast.Name(id=name):
            yield from _passed(name, function, module)
        case _:
            yield f"?{ast.unparse(value)}"


def _table(name: str, module: ast.Module) -> Iterator[str]:
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            yield from (word for word in literals(node) if "." in word)


def _passed(name: str, function: ast.FunctionDef, module: ast.Module) -> Iterator[str]:
    places = [argument.arg for argument in function.args.args]
    if name not in places:
        yield from _assigned(name, function, module)
        return
    for caller in ast.walk(module):
        if not isinstance(caller, ast.FunctionDef):
            continue
        for call in ast.walk(caller):
            if isinstance(call, ast.Call) and name_of(call.func) == function.name:
                named = {keyword.arg: keyword.value for keyword in call.keywords}
                given = named.get(name) or (
                    call.args[places.index(name)] if places.index(name) < len(call.args) else None
                )
                if given is not None and not (isinstance(given, ast.Name) and caller is function):
                    yield from _values(given, caller, module)


def _assigned(name: str, function: ast.FunctionDef, module: ast.Module) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            yield from _values(node.value, function, module)


def _expanded(action: str) -> set[str]:
    if "*" not in action:
        return set() if action.startswith("?") else {action}
    return {action.replace("*", ending) for ending in ENDINGS.get(action, ())}


@cache
def kinds() -> frozenset[str]:
    """Every kind of subject that the audit is written about."""
    subjects = [call.args[3] for path in sources(*ROOMS) for call, _ in _recordings(tree(path))]
    return frozenset(literals(each.elts[0])[0] for each in subjects if isinstance(each, ast.Tuple))
