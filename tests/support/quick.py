"""What keeps thousands of tests quick, each with a service of its own, and leaves what they see as it is.

A running service compiles statements, templates and the rules of its addresses once; here that is once a process. And
no test cuts the power: SQLite needs not wait for the disk (PostgreSQL does not either, see `postgres.py`).
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine
from sqlalchemy.pool import ConnectionPoolEntry
from werkzeug.routing import Rule

from storage import database
from tests.support.scratch import scratch

Builder = Callable[..., tuple[str, str]]


def begin() -> None:
    """Call it before the first test."""
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(scratch("templates")))}
    database.create_engine = _sharing(database.create_engine)
    database._sqlite_connect = _unsynced(database._sqlite_connect)
    Rule._compile_builder = _kept(Rule._compile_builder)


def _sharing(create_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """Engines of one kind share the compiled statements of one that has been connected."""
    known = dict[str, Engine]()

    def created(url: str, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        like = known.get(engine.dialect.name)
        if like is None or like.dialect.server_version_info is None:
            known[engine.dialect.name] = engine
        else:
            engine.dialect, engine._compiled_cache = like.dialect, like._compiled_cache
        return engine

    return created


def _unsynced(connect: Callable[[sqlite3.Connection, ConnectionPoolEntry], None]) -> Callable[..., None]:
    def connected(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        connect(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    return connected


def _kept(compile_builder: Callable[[Rule, bool], Builder]) -> Callable[..., Builder]:
    """What makes an address of a rule's words knows nothing else of the rule."""
    built = dict[object, Builder]()

    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        words = append_unknown, tuple(rule._trace), repr(rule.defaults)
        if words not in built:
            built[words] = compile_builder(rule, append_unknown)
        return built[words]

    return builder
