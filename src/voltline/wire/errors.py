"""Every exception of the protocol library, in one tree.

`OcppError` is the root. Two branches say whose fault it was: `RemoteProtocolError` (the peer broke a
rule, and is owed a CALLERROR) and `LocalProtocolError` (our own caller did: a bug). The others are what
can become of a CALL that we sent.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from voltline.messages.error_codes import ErrorCode


class OcppError(Exception):
    """Root of all errors that the protocol library raises."""


class RemoteProtocolError(OcppError):
    """The peer broke a rule of the protocol. Becomes a CALLERROR with `code` and `text`.

    `path` is the JSON path of the fault (`$.meterValue[0].timestamp`), `message_id` the CALL concerned;
    both are None where they are not known.
    """

    def __init__(
        self, code: ErrorCode, text: str, *, path: str | None = None, message_id: str | None = None
    ) -> None:
        super().__init__(f"{code.value}: {text}" if path is None else f"{code.value} at {path}: {text}")
        self.code = code
        self.text = text
        self.path = path
        self.message_id = message_id


class LocalProtocolError(OcppError):
    """Our own side asked for what the protocol does not allow; nothing was sent."""


class CallError(OcppError):
    """The peer answered a CALL with a CALLERROR (OCPP-J 1.6, 4.2.3).

    `code` is the text as the peer sent it; `ErrorCode.read(code)` knows the misspelt ones too.
    `details` is the errorDetails object, empty when the peer had none. Given as raw JSON it is parsed; what
    has no Python value (a number beyond all bounds) is kept as its text under the key `json`.
    """

    def __init__(
        self,
        code: str,
        description: str = "",
        details: Mapping[str, object] | Raw | None = None,
        *,
        action: str | None = None,
    ) -> None:
        what = "the call" if action is None else action
        super().__init__(f"{what} was refused with {code}" + (f": {description}" if description else ""))
        self.code = code
        self.description = description
        self.details: Mapping[str, object] = _parsed(details) if isinstance(details, Raw) else details or {}
        self.action = action


def _parsed(details: Raw) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(details, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return {"json": bytes(details).decode("utf-8", "replace")}


class CallTimeout(OcppError, TimeoutError):  # a public name that reads well
    """No answer to a CALL came in time. Whether the peer acted on it is not known."""

    def __init__(self, text: str, *, action: str | None = None) -> None:
        super().__init__(text)
        self.action = action


class NotConnected(OcppError, ConnectionError):  # a public name that reads well
    """There is no link to the peer, or it ended before the CALL was answered."""

    def __init__(self, text: str, *, action: str | None = None) -> None:
        super().__init__(text)
        self.action = action


class QueueFull(OcppError):  # a public name that reads well
    """As many CALLs as the session allows already wait for their turn; this one was not taken."""
