"""The log's forms: each line is whole, whatever is in it."""

import datetime as dt
import io
import json
import logging
import sys

import pytest

from daemon.cli.logs import _AsJson, _ForJournal


def record(message: str, level: int = logging.INFO, **values: object) -> logging.LogRecord:
    made = logging.getLogger("daemon.table.writes").makeRecord(
        "daemon.table.writes", level, "writes.py", 1, message, (), None, extra=values
    )
    made.created = 1_700_000_000.9996
    return made


def test_a_json_line_says_when_where_and_of_what() -> None:
    text = _AsJson().format(record("job 7: done", job=7, folder="cats", other="stays out"))
    line = json.loads(text)
    assert line == {
        "time": "2023-11-14T22:13:20.999Z",
        "level": "info",
        "logger": "daemon.table.writes",
        "message": "job 7: done",
        "job": 7,
        "folder": "cats",
    }
    assert dt.datetime.fromisoformat(line["time"]).tzinfo is dt.UTC


@pytest.mark.parametrize("message", ["two\nlines", 'a "quote"', "ünï\u202e\x00", "\u2028"])
def test_json_is_one_line_of_ascii_whatever_a_name_holds(message: str) -> None:
    text = _AsJson().format(record(message))
    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["message"] == message


def test_what_is_no_text_is_escaped_as_readers_in_other_languages_refuse_half_a_pair() -> None:
    made = record("caf\udce9", folder="b\udc80")
    failure = ValueError("\udcff")
    made.exc_info = (ValueError, failure, None)
    line = json.loads(_AsJson().format(made))
    assert (line["message"], line["folder"]) == ("caf\\udce9", "b\\udc80")
    assert line["exception"].endswith("ValueError: \\udcff")


def test_a_traceback_is_in_the_same_object() -> None:
    made = record("failed", logging.ERROR)
    try:
        int("out of order")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = json.loads(_AsJson().format(made))
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("'out of order'")


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2)],
)
def test_the_journal_gets_the_priority_on_every_line(level: int, priority: int) -> None:
    lines = _ForJournal(logging.Formatter("%(message)s")).format(record("one\ntwo", level)).splitlines()
    assert lines == [f"<{priority}>one", f"<{priority}>two"]
    (line,) = _ForJournal(_AsJson()).format(record("one\ntwo", level)).splitlines()
    assert json.loads(line.removeprefix(f"<{priority}>"))["message"] == "one\ntwo"


def test_what_a_handler_writes_is_a_line_each() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_AsJson())
    for number in range(3):
        handler.emit(record(f"a\n{number}"))
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["a\n0", "a\n1", "a\n2"]
