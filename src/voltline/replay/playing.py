"""Plays scripts against a central system: in the recorded order, each CALL once what was answered is."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from voltline.inspection.events import Exchange, UnansweredCause
from voltline.messages import StartTransactionResponse
from voltline.replay.answering import Answers
from voltline.replay.comparing import Difference, Result, compare
from voltline.replay.mapping import Ids, moved_times, with_message_id
from voltline.replay.script import Recording, Script, Step
from voltline.transport.admission import SUBPROTOCOL
from voltline.transport.client import connection_url
from voltline.transport.client_socket import ClientSocket, Refusal, open_socket
from voltline.wire.errors import NotConnected
from voltline.wire.frames import CallErrorFrame, CallFrame, CallResultFrame, decode

__all__ = ["CannotConnect", "Options", "Played", "play"]

CONNECT_S: Final = 15.0
ATTEMPTS: Final = 3
"""To connect again, in the middle of a script."""
BETWEEN_ATTEMPTS_S: Final = 1.0
CLOSE_S: Final = 5.0
UNEXPECTED_S: Final = 2.0
"""How long an answer is waited for that the recording does not have."""
MOST_BYTES: Final = 16 * 1024 * 1024
_UNKNOWABLE: Final = frozenset(
    {UnansweredCause.LOG_ENDED, UnansweredCause.DISCONNECTED, UnansweredCause.REUSED}
)
"""Why an answer may be missing from a recording though there was one."""


class CannotConnect(Exception):
    """The central system cannot be reached, or refuses the charge point."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How scripts are played. Times in seconds."""

    url: str
    """Where the central system listens, without the identity."""
    password: str | None = None
    tls: ssl.SSLContext | None = None
    speed: float | None = 1.0
    """So many times as fast as recorded; None: as fast as the answers come."""
    keep_times: bool = False
    """Leave the times in payloads as they are."""
    timeout_s: float = 30.0
    """How long an answer may take."""
    ignore: tuple[str, ...] = ()
    """Fields that may differ: a path, or an action, a dot and a path."""
    identities: dict[str, str] = {}
    """Recorded identity to the one to connect with, where that is another."""


class Played(msgspec.Struct):
    """What came of one script."""

    station: str
    identity: str
    calls: int = 0
    """CALLs that were made."""
    same: int = 0
    different: int = 0
    not_compared: int = 0
    """Calls to which the recording has no answer, though there may have been one."""
    cut: int = 0
    """Calls that the recording has not whole, and that were not made."""
    not_made: int = 0
    """Calls that were not made, as the connection was lost."""
    asked_anew: dict[str, int] = {}
    """Actions that the central system called and the recording does not answer."""
    not_asked: dict[str, int] = {}
    """Recorded CALLs of the central system that it has not made this time."""
    differences: list[Difference] = []
    failure: str | None = None
    """Why it was not played to its end."""


async def play(
    recording: Recording, options: Options, progress: Callable[[int, int], None] | None = None
) -> list[Played]:
    """Play all scripts, side by side. `progress` is called with the steps done and their number.

    Raises:
        CannotConnect: one of the charge points cannot connect at all.
        ValueError: the URL or an identity is none.
    """
    pace = _Pace(recording, options, progress)
    players = [_Player(script, options, pace) for script in recording.scripts]
    tasks = [asyncio.create_task(player.play()) for player in players]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Pace:
    """When each step is due, and by how much times are moved."""

    def __init__(
        self, recording: Recording, options: Options, progress: Callable[[int, int], None] | None
    ) -> None:
        self._speed = options.speed
        self._span = recording.span
        self._began = asyncio.get_running_loop().time()
        self._progress = progress
        self._done = 0
        self._total = sum(len(script.steps) for script in recording.scripts)
        self.shift = timedelta(0)
        if self._span is not None and not options.keep_times:
            # Faster than it was, the recording is moved so that its end is the end of the play: durations
            # stay as they were, and nothing lies in the future.
            first, last = self._span
            takes = timedelta(0) if options.speed is None else (last - first) / options.speed
            by = datetime.now(UTC) + takes - last
            # Whole seconds, for times that are written without fractions keep their distances then.
            self.shift = timedelta(seconds=by // timedelta(seconds=1))

    async def until(self, at: datetime | None) -> None:
        if self._speed is None or at is None or self._span is None:
            return
        due = self._began + (at - self._span[0]).total_seconds() / self._speed
        wait = due - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Player:
    def __init__(self, script: Script, options: Options, pace: _Pace) -> None:
        self._script = script
        self._options = options
        self._pace = pace
        identity = options.identities.get(script.station, script.station)
        self._url = connection_url(options.url, identity)
        self._played = Played(script.station, identity, cut=script.cut)
        self._ids = Ids()
        self._answers = Answers(script.asked, pace.shift)
        self._socket: ClientSocket | None = None
        self._watching: asyncio.Task[None] | None = None
        self._open: dict[str, asyncio.Future[Result]] = {}
        self._waiting: list[tuple[int, asyncio.Task[None]]] = []
        """Where the recorded answer stands, and what ends when the CALL is answered."""

    async def play(self) -> Played:
        played = self._played
        try:
            await self._connect(1)
            for step in self._script.steps:
                await self._pace.until(step.record.at)
                await self._answered_before(step.order)
                if step.reconnects:
                    await self._leave()
                if self._socket is None:
                    await self._connect(ATTEMPTS)
                self._take(step)
                self._pace.step()
            await self._answered_before(None)
        except CannotConnect as fault:
            if not played.calls:
                raise
            played.failure = str(fault)
        finally:
            await self._leave()
            for _, task in self._waiting:
                task.cancel()
        made = played.same + played.different + played.not_compared
        played.not_made = sum(1 for step in self._script.steps if step.exchange is not None) - made
        played.asked_anew = self._answers.made_up
        played.not_asked = self._answers.not_asked
        played.differences.sort(key=lambda one: (one.file, one.line, one.field))
        return played

    # ---- the connection

    async def _connect(self, attempts: int) -> None:
        options, identity = self._options, self._played.identity
        headers = {}
        if options.password is not None:
            credentials = base64.b64encode(f"{identity}:{options.password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(BETWEEN_ATTEMPTS_S)
            try:
                async with asyncio.timeout(CONNECT_S):
                    self._socket = await open_socket(
                        self._url,
                        subprotocols=(SUBPROTOCOL,),
                        headers=headers,
                        max_message_bytes=MOST_BYTES,
                        tls=options.tls,
                    )
                break
            except Refusal as refusal:
                raise CannotConnect(str(refusal)) from None
            except (OSError, TimeoutError, NotConnected) as failure:
                reason = str(failure) or f"no answer within {CONNECT_S:g} s"
                if attempt == attempts - 1:
                    raise CannotConnect(f"cannot connect to {self._url}: {reason}") from None
        assert self._socket is not None
        self._socket.listen(self._received)
        self._watching = asyncio.create_task(self._watch(self._socket))

    async def _watch(self, socket: ClientSocket) -> None:
        reason = await socket.ended()
        if self._socket is socket:
            self._socket = None
        for answer in self._open.values():
            if not answer.done():
                answer.set_result(reason)

    async def _leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.gone(CLOSE_S)
        if self._watching is not None:
            await self._watching
            self._watching = None

    def _received(self, text: str) -> None:
        frame = decode(text)
        if isinstance(frame, CallFrame):
            if self._socket is not None:
                self._socket.send_text(self._answers.to(frame))
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            answer = self._open.get(frame.message_id)
            if answer is not None and not answer.done():
                answer.set_result(frame)

    # ---- steps

    async def _answered_before(self, order: int | None) -> None:
        """Wait for what had been answered before that place of the log; None: for everything."""
        due = [task for place, task in self._waiting if order is None or place < order]
        if due:
            await asyncio.wait(due)
        self._waiting = [(place, task) for place, task in self._waiting if not task.done()]

    def _take(self, step: Step) -> None:
        assert self._socket is not None
        text = self._ids.transactions(moved_times(step.record.text, self._pace.shift))
        exchange = step.exchange
        if exchange is None:
            self._socket.send_text(text)
            return
        message_id = self._ids.message(exchange.message_id)
        earlier = self._open.get(message_id)
        if earlier is not None and not earlier.done():
            earlier.set_result("its message id was used again")
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._open[message_id] = answer
        self._played.calls += 1
        self._socket.send_text(with_message_id(text, message_id))
        place = step.order if step.answered is None else step.answered
        self._waiting.append((place, asyncio.create_task(self._await(step, exchange, message_id, answer))))

    async def _await(
        self, step: Step, exchange: Exchange, message_id: str, answer: asyncio.Future[Result]
    ) -> None:
        expected = step.answered is not None
        patience = self._options.timeout_s if expected else min(UNEXPECTED_S, self._options.timeout_s)
        try:
            new = await asyncio.wait_for(answer, patience)
        except TimeoutError:
            new = f"not within {patience:g} s" if expected else None
        if self._open.get(message_id) is answer:
            del self._open[message_id]
        self._learn(exchange, new)
        self._judge(step, exchange, new)

    def _learn(self, exchange: Exchange, new: Result) -> None:
        """The transaction id that the central system gave for a recorded one."""
        recorded = exchange.response
        if not isinstance(recorded, StartTransactionResponse) or not isinstance(new, CallResultFrame):
            return
        try:
            found = msgspec.json.decode(new.payload, type=_Started).transaction_id
        except msgspec.MsgspecError:
            return
        self._ids.transaction_began(recorded.transaction_id, found)

    def _judge(self, step: Step, exchange: Exchange, new: Result) -> None:
        played = self._played
        if step.answered is None and (step.cause is None or step.cause in _UNKNOWABLE):
            played.not_compared += 1
            return
        ignore = _ignored(self._options.ignore, exchange.name)
        found = [
            Difference(step.record.source, step.record.line, played.station, exchange.name, *one)
            for one in compare(exchange.result, new, ignore)
        ]
        played.differences += found
        if found:
            played.different += 1
        else:
            played.same += 1


class _Started(msgspec.Struct):
    transaction_id: int = msgspec.field(name="transactionId")


def _ignored(paths: Sequence[str], action: str) -> Collection[str]:
    return {path.removeprefix(f"{action}.") for path in paths}
