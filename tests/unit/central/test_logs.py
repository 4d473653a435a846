"""Log lines: with the fields of the moment, without secrets, never more than one line from outside."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from voltline.central.logs import formatter
from voltline.central.services.acting import VOLTLINE, act_as
from voltline.central.settings import LogFormat
from voltline.transport.connection import MESSAGE_ID


@pytest.fixture(autouse=True)
def _moment() -> Iterator[None]:
    """What a test binds is gone after it."""
    yield
    MESSAGE_ID.set("")
    act_as(VOLTLINE)


def record(text: str, *args: Any, **more: Any) -> logging.LogRecord:
    made = logging.getLogger("voltline.test").makeRecord(
        "voltline.test",
        logging.WARNING,
        __file__,
        1,
        text,
        args,
        more.pop("exc_info", None),
        extra=more or None,
    )
    made.created = 1_767_225_600.123
    return made


def plain(made: logging.LogRecord) -> str:
    return formatter(LogFormat.PLAIN).format(made)


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = formatter(LogFormat.JSON).format(made)
    assert "\n" not in line
    return dict(json.loads(line))


def test_json_has_the_fields_of_the_moment() -> None:
    with bound_contextvars(station="CP1"):
        MESSAGE_ID.set("42")
        act_as("billing")
        entry = as_json(record("%s did it", "somebody", port=9000))
    assert entry == {
        "time": "2026-01-01T00:00:00.123000Z",
        "level": "warning",
        "logger": "voltline.test",
        "message": "somebody did it",
        "station": "CP1",
        "message_id": "42",
        "asked_by": "billing",
        "port": 9000,
    }


def test_fields_that_there_are_none_of_are_left_out() -> None:
    assert set(as_json(record("x"))) == {"time", "level", "logger", "message"}


def test_plain_lines_end_with_the_fields_that_the_sentence_does_not_name() -> None:
    with bound_contextvars(station="CP1"):
        assert plain(record("CP1 connected")).endswith(".123 WARNING CP1 connected")
        assert plain(record("it connected")).endswith(".123 WARNING it connected station=CP1")


@pytest.mark.parametrize("evil", ["a\nb", "a\rb", "a\x1b[2Jb", "a\x85b", "a\u2028b", "a\x00b"])
def test_nothing_from_outside_begins_a_new_line(evil: str) -> None:
    with bound_contextvars(station=evil):
        line = plain(record("%s", evil))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


SECRETS = [
    ("%s", '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter2"}]'),
    ("token %s", "vlt_0123456789ab_hunter2hunter2hunter2hunter2hunter2hunter2hun"),
    ("Authorization: Bearer %s", "hunter2"),
    ("Authorization: Basic %s", "hunter2"),
    ("from %s", "ftp://me:hunter2@files.example/x"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_masked(text: str, secret: str) -> None:
    for line in (plain(record(text, secret)), json.dumps(as_json(record(text, secret)))):
        assert "hunter2" not in line
        assert "***" in line


def test_secrets_are_masked_in_tracebacks() -> None:
    try:
        raise RuntimeError("postgresql://me:hunter2@db/x refused")
    except RuntimeError as error:
        raised = (type(error), error, error.__traceback__)
    assert "hunter2" not in plain(record("failed", exc_info=raised))
    entry = as_json(record("failed", exc_info=raised))
    assert "RuntimeError: postgresql://me:***@db/x refused" in entry["traceback"]


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    assert as_json(record("%s", "\ud800"))["message"] in ("?", "\ufffd")
    plain(record("%s", "\ud800"))
