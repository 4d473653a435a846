"""What a replayed charge point answers when it is called: what it answered in the recording, where it did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from voltline.inspection.events import Exchange
from voltline.messages import ACTIONS
from voltline.replay.mapping import moved_times, with_message_id
from voltline.wire.frames import CallFrame, encode_error, encode_result

__all__ = ["Answers"]

_REFUSALS: Final[dict[str, Any]] = {
    "ChangeConfiguration": {"status": "NotSupported"},
    "SendLocalList": {"status": "NotSupported"},
    "GetLocalListVersion": {"listVersion": -1},
    "TriggerMessage": {"status": "NotImplemented"},
    "ExtendedTriggerMessage": {"status": "NotImplemented"},
    "SetChargingProfile": {"status": "NotSupported"},
    "UnlockConnector": {"status": "NotSupported"},
}
"""Where OCPP has a word for it."""


class Answers:
    """Of each action the recorded answers are given in turn; the last one again when there are no more."""

    def __init__(self, asked: Sequence[Exchange], shift: timedelta) -> None:
        self._left: dict[str, list[Exchange]] = {}
        self._last: dict[str, Exchange] = {}
        self._shift = shift
        for exchange in asked:
            if exchange.answer is not None and not exchange.answer.truncated:
                self._left.setdefault(exchange.name, []).append(exchange)
        self.made_up: dict[str, int] = {}
        """Actions that the recording does not answer, and how often they were asked."""
        self.given: dict[str, int] = {}

    @property
    def not_asked(self) -> dict[str, int]:
        """Recorded CALLs by action that the central system has not made this time."""
        return {name: len(left) for name, left in self._left.items() if left}

    def to(self, call: CallFrame) -> str:
        """The frame that answers a CALL."""
        exchange = self._next(call)
        if exchange is not None and exchange.answer is not None:
            self.given[call.action] = self.given.get(call.action, 0) + 1
            return with_message_id(moved_times(exchange.answer.text, self._shift), call.message_id)
        self.made_up[call.action] = self.made_up.get(call.action, 0) + 1
        if call.action == "GetConfiguration":
            payload = {"configurationKey": [], "unknownKey": _keys(call)}
            return encode_result(call.message_id, msgspec.json.encode(payload))
        if call.action in _REFUSALS:
            return encode_result(call.message_id, msgspec.json.encode(_REFUSALS[call.action]))
        code = "NotSupported" if call.action in ACTIONS else "NotImplemented"
        return encode_error(call.message_id, code, "the recording has no answer to this")

    def _next(self, call: CallFrame) -> Exchange | None:
        """The recorded CALL of the same payload, else the next of the same action, else the last given."""
        left = self._left.get(call.action)
        if not left:
            return self._last.get(call.action)
        payload = _payload(call)
        found = next((one for one in left if _payload(one.frame) == payload), left[0])
        left.remove(found)
        self._last[call.action] = found
        return found


def _payload(call: CallFrame) -> Any:
    try:
        return msgspec.json.decode(call.payload)
    except msgspec.DecodeError:
        return None


def _keys(call: CallFrame) -> list[str]:
    payload = _payload(call)
    keys = payload.get("key", []) if isinstance(payload, dict) else []
    return [one for one in keys if isinstance(one, str)] if isinstance(keys, list) else []
