"""One charge point's connection, joined to one to the central system.

What comes from one side is written to the other before anybody looks at it, byte for byte: masks, fragments,
pings, close frames and what breaks the protocol alike. Only where a rule is about the charge point are
messages held until they are whole.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast
from urllib.parse import SplitResult

import msgspec

from voltline.inspection.records import Direction
from voltline.tap.handshake import Answer, Asked, NoHandshake, parted, read_answer, read_asked, refusal
from voltline.tap.rules import Judge, Rules, Verdict
from voltline.tap.stream import CLOSE, TEXT, FrameReader, Message, MessageReader, closing, encoded
from voltline.tap.watch import Line, Watch

__all__ = ["FarSide", "Relay"]

FROM_STATION, FROM_CENTRAL = Direction.FROM_STATION, Direction.FROM_CENTRAL
BAD_GATEWAY: Final = 1014
GOING_AWAY: Final = 1001
HANDSHAKE_S: Final = 20.0
"""How long a charge point may take to ask, and a central system to be reached and to answer."""
REFUSAL_S: Final = 10.0
"""How long a refusal's body may take."""
MOST_EARLY: Final = 64 * 1024
"""Bytes that a charge point may send before the central system has taken it in; then it has to wait."""
FAREWELL_S: Final = 2.0
"""How long a side may take to answer a close frame of ours."""


class FarSide(msgspec.Struct, frozen=True):
    """Where connections lead."""

    url: SplitResult
    tls: ssl.SSLContext | None
    rules: Rules | None = None


class _End(asyncio.Protocol):
    """One of the two sockets."""

    def __init__(self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None]) -> None:
        self.received = received
        self.transport: asyncio.Transport | None = None
        self.other: _End
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class is no subclass of it
        made = transport.get_extra_info("socket")
        if made is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        self.received(data)

    def connection_lost(self, failure: Exception | None) -> None:
        self.transport = None
        self._lost(failure)

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.resume_reading()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        """Close once everything written is sent."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Relay:
    """From a charge point's request to the end of both sockets."""

    def __init__(self, far: FarSide, watch: Watch, gone: Callable[[Relay], None]) -> None:
        self.station = _End(self._asking, self._station_lost)
        self._central = _End(self._answering, self._central_lost)
        self.station.other, self._central.other = self._central, self.station
        self._far = far
        self._watch = watch
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._early = b""
        self._asked: Asked | None = None
        self._opening: asyncio.Task[None] | None = None
        self._refused: Answer | None = None
        self._line: Line | None = None
        self._judge: Judge | None = None
        self._held: dict[Direction, MessageReader] = {}
        self._ending = False
        self._timer = self._loop.call_later(HANDSHAKE_S, self.station.abort)

    # ---- the handshake

    def _asking(self, data: bytes) -> None:
        self._received += data
        try:
            head = parted(self._received)
            if head is None:
                return
            self._asked = read_asked(head[0])
        except NoHandshake as fault:
            self._refuse(400, f"this is a WebSocket endpoint: {fault}")
            return
        self._received = b""
        self.station.received = self._too_early
        self._too_early(head[1])
        self._opening = self._loop.create_task(self._open(self._asked))

    def _too_early(self, data: bytes) -> None:
        """Keep what comes before the 101. Reading goes on as long as can be: it tells whether the charge
        point is still there."""
        self._early += data
        if len(self._early) > MOST_EARLY and self.station.transport is not None:
            self.station.transport.pause_reading()

    async def _open(self, asked: Asked) -> None:
        url = self._far.url
        secure = url.scheme == "wss"
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                await self._loop.create_connection(
                    lambda: self._central,
                    url.hostname or "",
                    url.port or (443 if secure else 80),
                    ssl=self._far.tls if secure else None,
                )
        except TimeoutError:
            self._refuse(504, f"the central system was not reached within {HANDSHAKE_S:g} s")
        except OSError as fault:
            self._refuse(502, f"the central system cannot be reached: {fault}")
        else:
            self._wait(HANDSHAKE_S, self._unanswered)
            self._central.write(asked.to(url))

    def _unanswered(self) -> None:
        self._refuse(504, f"the central system did not answer within {HANDSHAKE_S:g} s")

    def _answering(self, data: bytes) -> None:
        self._received += data
        try:
            while (head := parted(self._received)) is not None:
                answer, self._received = read_answer(head[0]), head[1]
                if answer.status == 101 or answer.status >= 200:
                    self._take(answer)
                    return
        except NoHandshake as fault:
            self._refuse(502, f"the central system does not speak HTTP: {fault}")

    def _take(self, answer: Answer) -> None:
        asked = self._asked
        assert asked is not None
        rest, self._received = self._received, b""
        self.station.write(answer.to_station())
        if answer.status != 101:
            self._watch.refused(asked.station, self._remote, answer.status)
            self._refused = answer
            self._central.received = self._refusal_body
            self._wait(REFUSAL_S, self._end_both)
            self._refusal_body(rest)
            return
        self._timer.cancel()
        self._line = self._watch.opened(
            asked.station, self._remote, asked.target, answer.field("sec-websocket-protocol")
        )
        judge = None if self._far.rules is None else Judge(self._far.rules, asked.station)
        if judge is not None and judge.concerned:
            self._judge = judge
            self._held = {FROM_STATION: MessageReader(), FROM_CENTRAL: MessageReader()}
            self.station.received = self._held_from_station
            self._central.received = self._held_from_central
        else:
            self.station.received = self._from_station
            self._central.received = self._from_central
        if rest:
            self._central.received(rest)
        if self._early:
            self.station.received(self._early)
            self._early = b""
        if self.station.transport is not None:
            self.station.transport.resume_reading()

    def _refusal_body(self, data: bytes) -> None:
        assert self._refused is not None
        self.station.write(data)
        self._received += data
        if self._refused.ends(self._received):
            self._end_both()

    def _refuse(self, status: int, text: str) -> None:
        """Answer in the central system's place that there is none."""
        if self._asked is not None:
            self._watch.refused(self._asked.station, self._remote, status, text)
        self.station.write(refusal(status, text))
        self._end_both()

    @property
    def _remote(self) -> str:
        transport = self.station.transport
        name = None if transport is None else transport.get_extra_info("peername")
        return str(name[0]) if name else "?"

    # ---- as it is

    def _from_station(self, data: bytes) -> None:
        self._central.write(data)
        assert self._line is not None
        self._watch.passed(self._line, FROM_STATION, data)

    def _from_central(self, data: bytes) -> None:
        self.station.write(data)
        assert self._line is not None
        self._watch.passed(self._line, FROM_CENTRAL, data)

    # ---- as the rules want it

    def _held_from_station(self, data: bytes) -> None:
        for message in self._held[FROM_STATION].feed(data):
            self._judged(FROM_STATION, message, self._central, self.station)

    def _held_from_central(self, data: bytes) -> None:
        for message in self._held[FROM_CENTRAL].feed(data):
            self._judged(FROM_CENTRAL, message, self.station, self._central)

    def _judged(self, direction: Direction, message: Message, to: _End, back_to: _End) -> None:
        verdict: Verdict | None = None
        if message.opcode < CLOSE and message.data is not None and self._judge is not None:
            verdict = self._judge.judge(direction, message.data.decode("utf-8", "replace"))
        assert self._line is not None
        self._watch.message(self._line, direction, message, verdict)
        raw = b"".join(message.raw)
        if verdict is None:
            to.write(raw)
            return
        masked = to is self._central
        data = b"".join(
            raw if text is None else encoded(TEXT, text.encode(), masked=masked) for text in verdict.onward
        )
        if verdict.after_s:
            self._loop.call_later(verdict.after_s, self._late, to, data)
        else:
            to.write(data)
        if verdict.back is not None:
            back_to.write(encoded(TEXT, verdict.back.encode(), masked=not masked))
            self._watch.answered(self._line, direction.opposite, verdict)

    def _late(self, to: _End, data: bytes) -> None:
        if not self._ending:
            to.write(data)

    # ---- the end

    def stop(self) -> None:
        """Close both sides with 1001."""
        if self._line is None or self._ending:
            self._end_both()
            return
        self._ending = True
        self._watch.ended(self._line, "the tap stops")
        for end, direction in ((self.station, FROM_CENTRAL), (self._central, FROM_STATION)):
            self._bid_farewell(end, direction, GOING_AWAY, "the tap stops")

    def _station_lost(self, failure: Exception | None) -> None:
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        if self._line is not None and not self._ending:
            self._watch.later(self._station_gone, self._line, failure)
        elif self._central.transport is not None and not self._ending:
            self._central.abort()
        self._look_whether_gone()

    def _central_lost(self, failure: Exception | None) -> None:
        if self._line is not None and not self._ending:
            self._watch.later(self._central_gone, self._line, failure)
        elif self._refused is not None:
            self._end_both()
        elif not self._ending:
            why = f": {failure}" if failure else ""
            self._refuse(502, f"the central system closed the connection instead of answering{why}")
        self._look_whether_gone()

    # These two come after what was received has been looked at, so the close frames are known.

    def _station_gone(self, line: Line, failure: Exception | None) -> None:
        if not self._ending:
            self._ending = True
            self._watch.ended(line, line.close_told or _dropped("the charge point", failure))
            self._central.close()
            self._wait(FAREWELL_S, self._central.abort)

    def _central_gone(self, line: Line, failure: Exception | None) -> None:
        if self._ending:
            return
        self._ending = True
        if line.close_told is not None:
            self._watch.ended(line, line.close_told)
            self.station.close()
            self._wait(FAREWELL_S, self.station.abort)
            return
        why = _dropped("the central system", failure)
        self._watch.ended(line, f"{why}; the charge point was closed with {BAD_GATEWAY}")
        self._bid_farewell(self.station, FROM_CENTRAL, BAD_GATEWAY, why)

    def _bid_farewell(self, end: _End, direction: Direction, code: int, reason: str) -> None:
        """Close a side with a close frame, unless it is in the middle of another frame."""
        assert self._line is not None
        reader = self._held.get(direction) or self._line.readers[direction]
        answer = FrameReader()

        def received(data: bytes) -> None:
            if any(frame.first & 0x0F == CLOSE for frame in answer.feed(data)):
                end.close()

        end.received = received
        if end.transport is None:
            return
        end.transport.resume_reading()
        if reader.frames.within:
            end.close()
        else:
            end.write(closing(code, reason, masked=end is self._central))
        self._loop.call_later(FAREWELL_S, end.abort)

    def _end_both(self) -> None:
        self._ending = True
        self.station.close()
        self._central.abort()
        self._wait(FAREWELL_S, self.station.abort)
        self._look_whether_gone()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)

    def _look_whether_gone(self) -> None:
        if self.station.transport is None and self._central.transport is None:
            self._timer.cancel()
            self._gone(self)


def _dropped(who: str, failure: Exception | None) -> str:
    return f"{who} dropped the connection" + (f" ({failure})" if failure else "")
