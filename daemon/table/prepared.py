"""Statements that are compiled once and then run by the database's driver itself.

The engine's way to a statement that it has compiled before (its cache, a context, a result) takes several times
what SQLite needs to carry it out. Those that every job runs go this way, most of them several times. They stay
SQLAlchemy's: it writes the text, for whatever database, and turns values into what the driver takes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement

from daemon.table.database import by_driver


class _Compiled(NamedTuple):
    """`fixed`: the statement's own values; `turn`: by name, what makes the driver's value of one of ours."""

    text: str
    names: Sequence[str] | None  # in the order in which the driver wants values; None: it takes them by name
    fixed: Mapping[str, Any]
    turn: Mapping[str, Callable[[Any], Any]]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Give what the driver takes."""
        every = {**self.fixed, **given}
        for name, turn in self.turn.items():
            every[name] = turn(every[name])
        return every if self.names is None else [every[name] for name in self.names]


class Prepared:
    """A statement of which each set of columns is compiled once. Thread-safe.

    What it returns are the driver's rows: nothing turns their values back.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it in the connection's transaction; give the driver's cursor.

        `values`: columns to set, and what the statement's parameters stand for. Raises what `by_driver` raises.
        """
        compiled = self._for(connection, values)
        return by_driver(connection, compiled.text, compiled.values(values))

    def run_all(self, connection: Connection, each: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of these values, which must have the same names."""
        compiled = self._for(connection, each[0])
        by_driver(connection, compiled.text, [compiled.values(values) for values in each], many=True)

    def _for(self, connection: Connection, values: Mapping[str, Any]) -> _Compiled:
        key = (connection.dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self._compile(connection.dialect, list(values))
        return compiled

    def _compile(self, dialect: Dialect, names: list[str]) -> _Compiled:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=names)
        turns = {
            name: turn
            for name, parameter in compiled.binds.items()
            if (turn := parameter.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        if compiled.post_compile_params:
            raise ValueError("each length of a list (`in_`) would be another text")
        missing = {name for name, parameter in compiled.binds.items() if parameter.required} - set(names)
        missing |= {column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)}
        if missing:
            raise ValueError(f"no value is given for {', '.join(sorted(missing))}")
        fixed = {name: value for name, value in compiled.params.items() if name not in names}
        return _Compiled(str(compiled), compiled.positiontup if compiled.positional else None, fixed, turns)
