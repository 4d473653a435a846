"""The exceptions say what, where and why."""

import msgspec
import pytest

from voltline.messages.error_codes import ErrorCode
from voltline.wire.errors import (
    CallError,
    CallTimeout,
    LocalProtocolError,
    NotConnected,
    OcppError,
    QueueFull,
    RemoteProtocolError,
)


def test_every_error_of_the_library_is_an_ocpp_error() -> None:
    for kind in (RemoteProtocolError, LocalProtocolError, CallError, CallTimeout, NotConnected, QueueFull):
        assert issubclass(kind, OcppError)


def test_timeout_and_lost_link_are_also_what_python_calls_them() -> None:
    assert issubclass(CallTimeout, TimeoutError)
    assert issubclass(NotConnected, ConnectionError)


def test_remote_error_names_code_and_place() -> None:
    fault = RemoteProtocolError(
        ErrorCode.TYPE_CONSTRAINT_VIOLATION, "must be an integer", path="$.connectorId", message_id="a"
    )
    assert str(fault) == "TypeConstraintViolation at $.connectorId: must be an integer"
    assert (fault.code, fault.path, fault.message_id) == (
        ErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "$.connectorId",
        "a",
    )
    assert str(RemoteProtocolError(ErrorCode.GENERIC_ERROR, "no")) == "GenericError: no"


def test_call_error_names_action_code_and_description() -> None:
    error = CallError("NotSupported", "not here", msgspec.Raw(b'{"a":[1]}'), action="Reset")
    assert str(error) == "Reset was refused with NotSupported: not here"
    assert error.details == {"a": [1]}
    assert str(CallError("NotSupported")) == "the call was refused with NotSupported"
    assert CallError("NotSupported").details == {}


@pytest.mark.parametrize("raw", ['{"far":1e999}', '{"a":' * 5000 + "1" + "}" * 5000])
def test_details_without_python_value_are_kept_as_text(raw: str) -> None:
    assert CallError("NotSupported", "", msgspec.Raw(raw.encode())).details == {"json": raw}
