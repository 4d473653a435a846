"""What goes wrong between a station and its central system, on purpose: a line with habits.

Between the connection and its socket stands the line. Each of its habits sees every frame, and may hold it
back, change it, answer it, or let it pass. Without habits the line is a wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from voltline.transport.sockets import ReadSocket
from voltline.wire.frames import Frame, decode


class Habit:
    """One thing that goes wrong; override what it bears on. Nothing here may wait or raise."""

    def opened(self, line: MisbehavingLine) -> None:
        """A connection is made."""

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        """The station sends a frame; True if the habit has dealt with it and it is not to be sent."""
        return False

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        """A frame arrives; True if the habit has dealt with it and the station is not to know of it."""
        return False

    def over(self) -> bool:
        """Whether it has done what it was there for."""
        return False


class MisbehavingLine:
    """The line of one station, through all of its connections. Times in seconds of the station's clock."""

    __slots__ = (
        "_added",
        "_by_nature",
        "_dead",
        "_deliver",
        "_nature",
        "_socket",
        "_speed",
        "_stalled",
        "_tell",
        "_timers",
    )

    def __init__(
        self,
        habits: Callable[[], Sequence[Habit]] = tuple,
        *,
        speed: float = 1.0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`habits` gives those that the station has by nature, asked for at every connection.

        `speed` is how many seconds of the station's clock go by in one of the event loop. `tell` is given
        what the people at the station are to know of what goes wrong.
        """
        self._tell = tell
        self._by_nature = habits
        self._nature: Sequence[Habit] = ()
        self._added: list[Habit] = []
        self._speed = speed
        self._socket: ReadSocket | None = None
        self._deliver: Callable[[str], None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._dead = False
        self._stalled: list[Callable[[], None]] | None = None

    # ---- what is asked of it

    def add(self, habit: Habit) -> None:
        """From now on this goes wrong too, until it is over or `behave`."""
        self._added.append(habit)
        if self._socket is not None:
            habit.opened(self)

    def behave(self) -> None:
        """Nothing goes wrong any more but what the station has by nature."""
        self._added.clear()

    def has(self, habit: Habit) -> bool:
        """Whether this still goes wrong."""
        return habit in self._added or habit in self._nature

    def cut(self) -> None:
        """From now on nothing gets through in either direction, and neither side is told of it."""
        self._dead = True
        self._pause()

    def mend(self) -> None:
        """What is sent gets through again."""
        self._dead = False
        self._wake()

    @property
    def is_cut(self) -> bool:
        """Whether nothing gets through."""
        return self._dead

    # ---- what habits do

    def transmit(self, text: str) -> None:
        """Put a frame on the wire as it is."""
        if self._socket is not None and not self._dead:
            self._socket.send_text(text)

    def deliver(self, text: str) -> None:
        """Let the station hear a frame as it is."""
        if self._deliver is not None and not self._dead:
            self._deliver(text)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do this in so many seconds, unless the connection is gone by then."""

        def due() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds / self._speed, due)
        self._timers.add(timer)

    def stall(self, seconds: float, then: Callable[[], None], why: str) -> None:
        """Neither hear nor say anything for so long, not even a pong; then do this, then catch up."""
        if self._stalled is None:
            self._stalled = []
            self._pause()
        self._tell(f"stalls for {seconds:g} s: {why}")
        self.later(seconds, lambda: self._go_on(then))

    def drop(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close(1001, "")

    def _go_on(self, then: Callable[[], None]) -> None:
        waiting, self._stalled = self._stalled or [], None
        self._wake()
        then()
        for act in waiting:
            act()

    def _pause(self) -> None:
        if self._socket is not None:
            self._socket.pause_reading()

    def _wake(self) -> None:
        if self._socket is not None and not self._dead and self._stalled is None:
            self._socket.resume_reading()

    # ---- as a line

    def opened(self, socket: ReadSocket, deliver: Callable[[str], None]) -> None:
        """A new connection; what was under way with the last one is forgotten."""
        self._socket, self._deliver = socket, deliver
        self._nature = self._by_nature()
        if self._dead:
            self._pause()
        for habit in self._habits():
            habit.opened(self)

    def closed(self) -> None:
        """The connection is gone."""
        self._socket = self._deliver = None
        self._stalled = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def received(self, text: str) -> None:
        """A frame came from the central system."""
        if self._stalled is not None:
            self._stalled.append(lambda: self.received(text))
            return
        if (self._added or self._nature) and (habits := self._habits()):
            frame = decode(text)
            if any(habit.hears(text, frame, self) for habit in habits):
                return
        self.deliver(text)

    def send_text(self, text: str) -> None:
        """A frame of the station is to be sent."""
        if self._stalled is not None:
            self._stalled.append(lambda: self.send_text(text))
            return
        if (self._added or self._nature) and (habits := self._habits()):
            frame = decode(text)
            if any(habit.says(text, frame, self) for habit in habits):
                return
        self.transmit(text)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; over a line that is cut it never ends by itself."""
        if self._socket is not None:
            self._socket.close(code, reason)

    def _habits(self) -> Sequence[Habit]:
        self._added = [habit for habit in self._added if not habit.over()]
        return [*self._added, *self._nature]
