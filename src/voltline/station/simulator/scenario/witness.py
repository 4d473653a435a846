"""What a station sends and receives while a scenario runs, kept so that steps can look for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from voltline.messages import Payload, encode
from voltline.station.core.happenings import Answered, Failed, Failure
from voltline.station.core.intents import Answer, Notice, Refuse
from voltline.station.device.listener import Exchange, Listener
from voltline.station.simulator.scenario.matching import Pattern, mismatch
from voltline.station.simulator.scenario.values import Scope

T = TypeVar("T")

LOOK_AGAIN_S = 0.1
"""Energy and power change without anything happening, so they are looked at this often."""


class Seen(msgspec.Struct):
    """One exchange. `request` and `answer` as on the wire; an error instead of an answer has its code."""

    at: datetime
    exchange: Exchange
    request: dict[str, Any]
    answer: dict[str, Any] | None
    error: str
    found: bool = False
    """A step was about this one."""

    @property
    def name(self) -> str:
        """The action."""
        return type(self.exchange.request).__name__


class Sought(msgspec.Struct, frozen=True):
    """What a step looks for."""

    own: bool
    message: str
    request: Pattern | None
    answer: Pattern | None
    error: str | None

    def mismatch(self, seen: Seen, scope: Scope) -> str | None:
        """Why this is not it, of the same action; None if it is."""
        if self.request is not None and (why := mismatch(self.request, seen.request, scope)):
            return why
        if self.error is not None:
            got = seen.error or "an answer"
            return None if seen.error == self.error else f"it was answered with {got}, not {self.error}"
        if self.answer is not None:
            if seen.answer is None:
                return f"it was answered with {seen.error or 'nothing'}"
            return mismatch(self.answer, seen.answer, scope, "answer")
        return None


class Witness(Listener):
    """Keeps every exchange, passes everything on, and lets those who wait look again."""

    def __init__(self, now: Callable[[], datetime], onward: Listener) -> None:
        self.seen: list[Seen] = []
        self._now = now
        self._onward = onward
        self._looks: list[Callable[[], None]] = []

    def exchanged(self, exchange: Exchange) -> None:
        answer, error = _outcome(exchange)
        self.seen.append(Seen(self._now(), exchange, _wire(exchange.request), answer, error))
        self._onward.exchanged(exchange)
        self.look()

    def noticed(self, notice: Notice) -> None:
        self._onward.noticed(notice)

    def linked(self, up: bool, text: str) -> None:
        self._onward.linked(up, text)

    def look(self) -> None:
        """Something has changed: whoever waits looks again."""
        for look in tuple(self._looks):
            look()

    def since(self, mark: int, sought: Sought) -> Iterator[Seen]:
        """Those of the action that is sought from the mark on, except what was found before."""
        for one in self.seen[mark:]:
            if one.exchange.own is sought.own and one.name == sought.message and not one.found:
                yield one

    async def until(self, look: Callable[[], T | None], within_s: float) -> T | None:
        """What `look` gives as soon as it gives something; None if it does not within the time.

        Raises whatever `look` raises.
        """
        loop = asyncio.get_running_loop()
        met: asyncio.Future[T] = loop.create_future()

        def again() -> None:
            if met.done():
                return
            try:
                value = look()
            except Exception as failure:
                met.set_exception(failure)
            else:
                if value is not None:
                    met.set_result(value)

        deadline = loop.time() + within_s
        self._looks.append(again)
        try:
            again()
            while not met.done():
                left_s = deadline - loop.time()
                if left_s <= 0:
                    return None
                await asyncio.wait([met], timeout=min(LOOK_AGAIN_S, left_s))
                again()
            return met.result()
        finally:
            self._looks.remove(again)


def _wire(payload: Payload) -> dict[str, Any]:
    wire: dict[str, Any] = msgspec.json.decode(encode(payload))
    return wire


def _outcome(exchange: Exchange) -> tuple[dict[str, Any] | None, str]:
    match exchange.outcome:
        case Answered(response=response) | Answer(response=response):
            return _wire(response), ""
        case Refuse(code=code):
            return None, str(code)
        case Failed(failure=Failure.REFUSED, text=text):
            return None, text.partition(":")[0]
        case Failed(failure=failure):
            return None, failure.value
    return None, "silence"
