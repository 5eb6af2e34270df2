"""The commands of an operator on AWS: `{"command": ["doctor"], "input": ""}` → `{"code": 0, "output": "…"}`.

The same commands as `chusho119` on a machine, invoked by `deploy/aws/release.py` alone. Only what is named here is run.
The words and the input are never logged: they hold names, addresses and a password.
"""

import unicodedata
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import click
import structlog

from handlers import bootstrap
from handlers.cli import Given, main
from storage import trace

COMMANDS = (("create-organisation",), ("create-secretariat-user",), ("doctor",), ("reseal",), ("richmenu", "sync"))
WORDS_MOST, WORD_MOST, INPUT_MOST = 32, 1_000, 10_000
OUTPUT_MOST = 1_000_000
"""Characters of the answer; a function's answer holds 6 MB, and one character may take four bytes of it."""
REFUSED = 2
log = structlog.get_logger()


class Refused(Exception):
    """The event is no command that may run here; the text says why."""


class CommandFailed(Exception):
    """A mistake of ours, or a database that is away: its kind. The log has the place; no text of anybody is in it."""


def run(event: object, _context: object) -> dict[str, Any]:
    """One command to its end; CommandFailed when it crashed."""
    try:
        words, given = _read(event)
        name = _name(words)
    except Refused as problem:
        return {"code": REFUSED, "output": f"Error: {problem}\n"}
    with trace.bound(trace.fresh()), redirect_stdout(StringIO()) as output:
        log.info("command_begun", command=name)
        try:
            code = _code(words, given, output)
        except Exception as problem:
            log.exception("command_failed", command=name)
            raise CommandFailed(type(problem).__name__) from None
        log.info("command_done", command=name, code=code)
    return {"code": code, "output": _short(output.getvalue())}


def _code(words: list[str], given: str, output: StringIO) -> int:
    """The code with which the command would have ended; what it would have said to an operator goes to `output`."""
    outside = Given(bootstrap.function_service, StringIO(given))
    try:
        ended = main.main(words, "chusho119", standalone_mode=False, obj=outside)
    except click.ClickException as problem:
        problem.show(output)
        return problem.exit_code
    return ended if isinstance(ended, int) else 0


def _name(words: list[str]) -> str:
    for command in COMMANDS:
        if tuple(words[: len(command)]) == command:
            return " ".join(command)
    known = ", ".join(" ".join(command) for command in COMMANDS)
    raise Refused(f"this is not run here. On AWS there are: {known}.")


def _read(event: object) -> tuple[list[str], str]:
    """The words of the command, and what it is given as standard input."""
    if not isinstance(event, dict) or not event.keys() <= {"command", "input"}:
        raise Refused('the event is {"command": ["doctor"]}, and "input" for what a command reads.')
    words, given = event.get("command"), event.get("input", "")
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise Refused("command is a list of words.")
    if len(words) > WORDS_MOST or any(len(word) > WORD_MOST for word in words):
        raise Refused(f"command has at most {WORDS_MOST} words of {WORD_MOST} characters.")
    if not isinstance(given, str) or len(given) > INPUT_MOST:
        raise Refused(f"input is text of at most {INPUT_MOST} characters.")
    if any(map(_unreadable, words)) or _unreadable(given.replace("\r", "").replace("\n", "")):
        raise Refused("command or input holds a control character, or half of one.")
    return words, given


def _unreadable(text: str) -> bool:
    """Whether there is something in it that no keyboard types and no database takes."""
    return any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def _short(output: str) -> str:
    """Its beginning and its end, where it is too long to be answered."""
    if len(output) <= OUTPUT_MOST:
        return output
    half = OUTPUT_MOST // 2
    return f"{output[:half]}\n… {len(output) - OUTPUT_MOST} characters are left out …\n{output[-half:]}"
