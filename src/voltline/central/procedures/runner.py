"""Procedures are run with charge points as they come and go: one at a time each, in order, none twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from voltline.base.ids import folded
from voltline.central.domain.stations import Registration
from voltline.central.services.acting import VOLTLINE, act_as
from voltline.central.services.ports.lines import Line, Lines, Procedure
from voltline.wire.errors import CallError, CallTimeout, NotConnected

log = logging.getLogger(__name__)

Making = Callable[[Line], Iterable[tuple[str, Procedure]]]
"""What is to be done with a charge point that may work now, as pairs of name and procedure."""


class Runner:
    """Runs procedures, one at a time for each charge point, in the order in which they were handed in.

    Of several procedures of one name that wait for a charge point, the newest stays, in the place of the
    first. One that ends with NotConnected or CallTimeout is kept for the next connection; any other failure
    is logged and ends it, for what it means is known to the procedure alone. What waits is in memory: a
    procedure that must outlive this process has its state in the database and is made by `on_accepted`.

    All methods are for the event loop's thread.
    """

    def __init__(
        self,
        lines: Lines,
        *,
        settle_s: float = 1.0,
        boot_patience_s: float = 10.0,
        at_once: int = 200,
        after_boot: bool = True,
    ) -> None:
        """`settle_s`: how long a charge point is left alone after its boot was accepted.

        `boot_patience_s`: how long one that connects is given to send BootNotification; it need not when
        it was accepted before (OCPP-J 5.4). `at_once`: how many charge points are worked with at a time.
        `after_boot` false: only what was handed in by `start` is done.
        """
        self._lines = lines
        self._settle_s = settle_s
        self._boot_patience_s = boot_patience_s
        self._after_boot = after_boot
        self._turns = asyncio.Semaphore(at_once)
        self._makings: list[Making] = []
        self._visitors: dict[str, _Visitor] = {}

    def on_accepted(self, make: Making) -> None:
        """Ask this after each boot that was accepted, and some time after a connect without boot."""
        self._makings.append(make)

    def start(
        self, identity: str, name: str, procedure: Procedure, *, before_acceptance: bool = False
    ) -> None:
        """Run it soon if the charge point is connected and accepted, else as soon as it is.

        `before_acceptance`: also while it is Pending (BOO-15); never while it is Rejected (BOO-12).
        """
        visitor = self._visitor(identity)
        visitor.waiting[name] = _Entry(procedure, before_acceptance)
        self._go_on(visitor)

    def connected(self, identity: str) -> None:
        """A charge point has connected."""
        self._call_later(self._visitor(identity), self._boot_patience_s)

    def accepted(self, identity: str) -> None:
        """Its boot is accepted; the answer may be still on its way."""
        self._call_later(self._visitor(identity), self._settle_s)

    def disconnected(self, identity: str) -> None:
        """Its connection is gone."""
        visitor = self._visitors.get(folded(identity))
        if visitor is not None:
            visitor.ready = False
            visitor.cancel_timer()
            self._forget_idle(visitor)

    async def close(self) -> None:
        """Cancel what runs."""
        visitors = list(self._visitors.values())
        for visitor in visitors:
            visitor.waiting.clear()
            visitor.kept.clear()
            visitor.cancel_timer()
        running = [visitor.running for visitor in visitors if visitor.running is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def waiting(self, identity: str) -> tuple[str, ...]:
        """The names of what waits for a charge point or runs."""
        visitor = self._visitors.get(folded(identity))
        if visitor is None:
            return ()
        running = () if visitor.running_name is None else (visitor.running_name,)
        return (*running, *visitor.kept, *(name for name in visitor.waiting if name not in visitor.kept))

    # ---- one charge point

    def _visitor(self, identity: str) -> _Visitor:
        key = folded(identity)
        visitor = self._visitors.get(key)
        if visitor is None:
            visitor = self._visitors[key] = _Visitor(key)
        return visitor

    def _call_later(self, visitor: _Visitor, delay_s: float) -> None:
        visitor.cancel_timer()
        loop = asyncio.get_running_loop()
        visitor.timer = loop.call_later(delay_s, self._may_work, visitor)

    def _may_work(self, visitor: _Visitor) -> None:
        visitor.timer = None
        line = self._lines.line(visitor.identity)
        if line is None:
            self._forget_idle(visitor)
            return
        visitor.ready = True
        visitor.waiting = visitor.kept | visitor.waiting
        visitor.kept = {}
        if self._after_boot and line.registration is Registration.ACCEPTED:
            for make in self._makings:
                for name, procedure in make(line):
                    visitor.waiting[name] = _Entry(procedure, False)
        self._go_on(visitor)

    def _go_on(self, visitor: _Visitor) -> None:
        if visitor.running is None and self._next(visitor) is not None:
            visitor.running = asyncio.create_task(self._work(visitor), name=f"procedures {visitor.identity}")
            visitor.running.add_done_callback(lambda _: self._worked(visitor))

    def _worked(self, visitor: _Visitor) -> None:
        visitor.running = None
        visitor.running_name = None
        self._go_on(visitor)
        self._forget_idle(visitor)

    def _forget_idle(self, visitor: _Visitor) -> None:
        if visitor.idle and self._lines.line(visitor.identity) is None:
            self._visitors.pop(visitor.identity, None)

    def _next(self, visitor: _Visitor) -> tuple[str, Line] | None:
        """The name of the procedure whose turn it is, and the line to run it over."""
        line = self._lines.line(visitor.identity) if visitor.waiting else None
        if line is None or line.registration is Registration.REJECTED:
            return None
        accepted = visitor.ready and line.registration is Registration.ACCEPTED
        for name, entry in visitor.waiting.items():
            if accepted or entry.before_acceptance:
                return name, line
        return None

    async def _work(self, visitor: _Visitor) -> None:
        while (turn := self._next(visitor)) is not None:
            name, line = turn
            async with self._turns:
                entry = visitor.waiting.pop(name, None)
                if entry is not None:
                    visitor.running_name = name
                    await self._run(visitor, name, entry, line)
                    visitor.running_name = None

    async def _run(self, visitor: _Visitor, name: str, entry: _Entry, line: Line) -> None:
        act_as(f"{VOLTLINE}: {name}")
        try:
            await entry.procedure(line)
        except (NotConnected, CallTimeout) as error:
            log.info("%s: %s is left until it connects again: %s", line.identity, name, error)
            visitor.kept.setdefault(name, entry)
        except CallError as error:
            log.warning("%s: %s ended: %s: %s", line.identity, name, error.code, error.description)
        except Exception:
            log.exception("%s: %s failed", line.identity, name)


class _Entry:
    """A procedure that waits for its turn."""

    __slots__ = ("before_acceptance", "procedure")

    def __init__(self, procedure: Procedure, before_acceptance: bool) -> None:
        self.procedure = procedure
        self.before_acceptance = before_acceptance


class _Visitor:
    """A charge point that is connected, or for which something waits."""

    __slots__ = ("identity", "kept", "ready", "running", "running_name", "timer", "waiting")

    def __init__(self, identity: str) -> None:
        self.identity = identity
        """Folded."""
        self.waiting: dict[str, _Entry] = {}
        self.kept: dict[str, _Entry] = {}
        """For the next connection."""
        self.ready = False
        """Whether it has had its time to boot and to report."""
        self.running: asyncio.Task[None] | None = None
        self.running_name: str | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.kept or self.running or self.timer)

    def cancel_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
