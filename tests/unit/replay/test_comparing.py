"""Answers differ by field; ids and times are never the same and do not count."""

from typing import Any

import msgspec
import pytest

from voltline.replay.comparing import ABSENT, ANSWER, compare
from voltline.wire.frames import CallErrorFrame, CallResultFrame


def result(payload: Any) -> CallResultFrame:
    return CallResultFrame("1", msgspec.Raw(msgspec.json.encode(payload)))


def error(code: str, description: str = "") -> CallErrorFrame:
    return CallErrorFrame("1", code, description, msgspec.Raw(b"{}"))


@pytest.mark.parametrize(
    ("recorded", "new"),
    [
        ({}, {}),
        ({"transactionId": 5}, {"transactionId": 900}),
        ({"currentTime": "2024-01-01T00:00:00Z"}, {"currentTime": "2026-01-01T00:00:00.123+00:00"}),
        ({"a": {"expiryDate": "2024-01-01T00:00:00Z"}}, {"a": {"expiryDate": "2030-01-01T00:00:00Z"}}),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ],
)  # fmt: skip
def test_ids_and_times_do_not_count(recorded: Any, new: Any) -> None:
    assert list(compare(result(recorded), result(new))) == []


def test_each_field_that_differs_is_told_with_its_path() -> None:
    recorded = {"idTagInfo": {"status": "Accepted", "parentIdTag": "P"}, "list": [1, 2], "interval": 300}
    new = {"idTagInfo": {"status": "Invalid"}, "list": [1, 3], "interval": "300"}
    assert list(compare(result(recorded), result(new))) == [
        ("idTagInfo.parentIdTag", "P", ABSENT),
        ("idTagInfo.status", "Accepted", "Invalid"),
        ("interval", "300", '"300"'),
        ("list[1]", "2", "3"),
    ]


def test_a_time_that_is_missing_counts() -> None:
    recorded = {"expiryDate": "2024-01-01T00:00:00Z", "transactionId": 1}
    assert list(compare(result(recorded), result({}))) == [
        ("expiryDate", "2024-01-01T00:00:00Z", ABSENT),
        ("transactionId", "1", ABSENT),
    ]


@pytest.mark.parametrize(
    ("recorded", "new", "told"),
    [
        (result({}), error("NotImplemented"), ("CALLRESULT", "CALLERROR NotImplemented")),
        (error("Refused"), error("GenericError"), ("CALLERROR Refused", "CALLERROR GenericError")),
        (None, result({}), ("none", "CALLRESULT")),
        (result({}), "not within 30 s", ("CALLRESULT", "none: not within 30 s")),
    ],
)  # fmt: skip
def test_other_kinds_of_answer_are_one_difference(recorded: Any, new: Any, told: tuple[str, str]) -> None:
    assert list(compare(recorded, new)) == [(ANSWER, *told)]


def test_errors_differ_by_their_code_alone() -> None:
    assert list(compare(error("GenericError", "one"), error("GenericError", "other"))) == []


def test_fields_that_may_differ_are_left_out() -> None:
    assert list(compare(result({"interval": 1}), result({"interval": 2}), {"interval"})) == []
