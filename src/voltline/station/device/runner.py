"""Runs a charge point's core over a real connection, in real time, with one timer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from voltline.base.clock import Clock, SystemClock
from voltline.base.promise import Promise
from voltline.messages import ACTIONS, Request, Response, Side
from voltline.station.core.charge_point import ChargePoint
from voltline.station.core.happenings import (
    Answered,
    Asked,
    Failed,
    Failure,
    Happening,
    ImpossibleHappening,
    LinkDown,
    LinkUp,
    LockTried,
    PoweredUp,
    RebootFailed,
    SwitchedOff,
    Tick,
)
from voltline.station.core.intents import (
    Answer,
    AwaitLock,
    CancelTransfer,
    Download,
    Energize,
    Install,
    Intent,
    Keep,
    Lock,
    Notice,
    Offer,
    PingEvery,
    PowerOff,
    Reboot,
    Refuse,
    Send,
    StaySilent,
    Upload,
)
from voltline.station.core.moment import Moment
from voltline.station.device.device import Companion, Device
from voltline.station.device.listener import Exchange, Listener
from voltline.station.device.storage import Storage
from voltline.station.device.transfers import Files, NoFiles
from voltline.transport.client import ChargePoint as Client
from voltline.transport.client import ClientOptions
from voltline.transport.connection import SENT, Connection, Watch
from voltline.transport.handlers import Handlers
from voltline.transport.sockets import Line
from voltline.wire.errors import CallError, CallTimeout, NotConnected, OcppError, RemoteProtocolError

log = logging.getLogger("voltline.station")

REBOOT_S = 2.0
"""How long a reboot takes."""

Reply = Answer | Refuse | StaySilent


class Runner:
    """One station at work. All of it runs in the event loop in which `start` was called."""

    def __init__(
        self,
        endpoint: str,
        identity: str,
        core: ChargePoint,
        device: Device,
        *,
        password: bytes | str | None = None,
        options: ClientOptions | None = None,
        clock: Clock | None = None,
        listener: Listener | None = None,
        companion: Companion | None = None,
        storage: Storage | None = None,
        files: Files | None = None,
        reboot_s: float = REBOOT_S,
        line: Line | None = None,
        speed: float = 1.0,
    ) -> None:
        """`endpoint` is the URL without the identity, as OCPP-J 1.6, 3.1.1 has it.

        `line` stands between connection and socket; `speed` is how many seconds of `clock` go by in
        one of the event loop. What the network does, message timeouts included, takes its real time.

        Raises:
            ValueError: the endpoint is no WebSocket URL, or the identity cannot be one.
        """
        self.core = core
        self.identity = identity
        self.failing_reboots = 0
        """So many of the next reboots do not work."""
        self._device = device
        self._clock = clock or SystemClock()
        self._listener = listener or Listener()
        self._companion = companion
        self._storage = storage
        self._files = files or NoFiles()
        self._reboot_s = reboot_s
        self._speed = speed
        self._client = Client(
            endpoint,
            identity,
            password=password,
            handlers=_HANDLERS,
            options=options,
            line=line,
            # Only for those who want frames: a fleet does not pay for what nobody looks at.
            watch=None if type(self._listener).framed is Listener.framed else Watch(frame=self._framed),
            on_connected=self._connected,
            on_disconnected=self._disconnected,
        )
        self._connection: Connection | None = None
        self._link: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._token = 0
        self._answering = False
        self._power_up_at: float | None = None
        self._changed: list[Callable[[], None]] = []
        self._off: asyncio.Event | None = None
        self._wanted_online = True

    # ---- life

    @property
    def moment(self) -> Moment:
        """Now."""
        return Moment(self._clock.monotonic(), self._clock.now())

    @property
    def url(self) -> str:
        """Where the station connects to, its identity included."""
        return self._client.url

    @property
    def linked(self) -> bool:
        """Whether the connection stands."""
        return self._connection is not None

    def start(self) -> None:
        """Power up and connect; a connection that fails is tried again for ever, with growing waits."""
        self._wanted_online = True
        self.happen(PoweredUp())
        self._connect()

    async def stop(self, *, graceful: bool = True) -> None:
        """Switch off: end transactions and deliver what can be delivered in a few seconds, or just vanish."""
        self._wanted_online = False
        if graceful and self._power_up_at is None:
            self._off = off = asyncio.Event()
            self.happen(SwitchedOff())
            await off.wait()
        self._power_up_at = None
        self._files.close()
        self._cut()
        if self._ending is not None:
            await asyncio.wait([self._ending])
        self._cancel_timer()

    def lose_power(self, core: Callable[[], ChargePoint], outage_s: float) -> None:
        """Go dark at once; power up again after so many seconds with the core that `core` makes.

        What was under way is lost; what was kept is all that the new core can know.
        """
        self._files.stop()
        self._client.drop()
        self._cut()
        self.core = core()
        self._power_up_at = self._clock.monotonic() + outage_s
        self._look_around()

    def go_offline(self) -> None:
        """Lose the connection and do not come back until `go_online`."""
        self._wanted_online = False
        self._cut()

    def go_online(self) -> None:
        """Connect again."""
        self._wanted_online = True
        if self._link is None and self._power_up_at is None:
            self._connect()

    def on_change(self, look: Callable[[], None]) -> Callable[[], None]:
        """Call `look` after everything that happens; gives the function that ends this."""
        self._changed.append(look)
        return lambda: self._changed.remove(look)

    # ---- happenings

    def happen(self, happening: Happening) -> None:
        """Let something happen to the station, now.

        Raises:
            ImpossibleHappening: it cannot happen to the station as it stands; in words for people.
        """
        try:
            self._take_in(happening, self.moment)
        except ImpossibleHappening:
            self._perform(self.core.handle(Tick(), self.moment))
            raise
        finally:
            self._look_around()

    def asked(self, request: Request[Any]) -> Response | asyncio.Future[Any]:
        """Take a request of the central system; give the response, or a future for ever without one."""
        self._token += 1
        reply: Reply | None = None
        self._answering = True
        try:
            asked = Asked(self._token, request)
            intents = self.core.handle(asked, self.moment)
            self._listener.happened(asked)
            while intents:
                intent = intents.pop(0)
                if isinstance(intent, Answer | Refuse | StaySilent) and intent.token == self._token:
                    reply = intent
                elif isinstance(intent, AwaitLock):
                    self._take_events()  # among them that the lock did not obey
                    intents += self.core.handle(LockTried(intent.token, intent.connector_id), self.moment)
                else:
                    self._perform([intent])
            assert reply is not None, f"the core left {type(request).__name__} without a reply"
            self._look_around()
        finally:
            self._answering = False
        self._listener.exchanged(Exchange(False, request, reply, 0.0))
        if isinstance(reply, Answer):
            return reply.response
        if isinstance(reply, Refuse):
            raise RemoteProtocolError(reply.code, reply.text)
        return asyncio.get_running_loop().create_future()

    def _take_in(self, happening: Happening, now: Moment) -> None:
        intents = self.core.handle(happening, now)
        self._listener.happened(happening)
        self._perform(intents)

    def _take_events(self) -> None:
        now = self.moment
        for happening in self._device.events(now):
            self._take_in(happening, now)

    def _look_around(self) -> None:
        self._arm()
        for look in tuple(self._changed):
            look()

    # ---- intents

    def _perform(self, intents: list[Intent]) -> None:
        for intent in intents:
            if isinstance(intent, Send):
                self._send(intent)
            elif isinstance(intent, Keep):
                self._keep(intent)
            elif isinstance(intent, Energize | Lock | Offer):
                self._device.perform(intent, self.moment)
            elif isinstance(intent, Notice):
                self._listener.noticed(intent)
            elif isinstance(intent, Reboot) and self.failing_reboots > 0:
                self.failing_reboots -= 1
                asyncio.get_running_loop().call_soon(self.happen, RebootFailed())
            elif isinstance(intent, Download | Upload | CancelTransfer | Install):
                self._files.perform(intent, self.happen)
            elif isinstance(intent, Reboot):
                self._files.stop()
                self._power_up_at = self._clock.monotonic() + self._reboot_s
                # After the answer to Reset, which leaves when the handler of that request returns.
                asyncio.get_running_loop().call_soon(self._cut)
            elif isinstance(intent, PowerOff):
                self._files.stop()
                if self._off is not None:
                    self._off.set()
            elif isinstance(intent, PingEvery):
                options = self._client.options
                self._client.options = msgspec.structs.replace(
                    options, ping_interval_s=float(intent.interval_s)
                )

    def _keep(self, intent: Keep) -> None:
        if self._storage is None:
            return
        try:
            self._storage.keep(intent.name, intent.value)
        except OSError as failure:
            # It would be lost with the power, and only then: charging goes on meanwhile.
            log.error("%s: %s cannot be kept: %s", self.identity, intent.name, failure.strerror or failure)

    def _send(self, send: Send) -> None:
        connection = self._connection
        if connection is None:
            raise AssertionError("the core sends only while the link is up")
        if self._answering:
            # The answer to the request which led to this goes out before it.
            asyncio.get_running_loop().call_soon(self._begin, connection, send)
        else:
            self._begin(connection, send)

    def _begin(self, connection: Connection, send: Send) -> None:
        began = self._clock.monotonic()
        try:
            promise = connection.begin(send.request, timeout_s=send.timeout_s)
        except NotConnected:
            return  # the core learns of the lost connection next
        except OcppError as failure:
            log.exception("%s: %s was not sent", self.identity, type(send.request).__name__)
            self._conclude(send, began, Failed(send.number, Failure.REFUSED, str(failure)))
        else:
            promise.add_done_callback(partial(self._concluded, send, began))

    def _concluded(self, send: Send, began: float, promise: Promise[Response]) -> None:
        outcome: Answered | Failed
        try:
            outcome = Answered(send.number, promise.result())
        except CallError as refusal:
            text = f"{refusal.code}: {refusal.description}".rstrip(": ")
            outcome = Failed(send.number, Failure.REFUSED, text)
        except RemoteProtocolError as failure:
            outcome = Failed(send.number, Failure.UNREADABLE, failure.text)
        except CallTimeout:
            outcome = Failed(send.number, Failure.TIMEOUT, f"no answer in {send.timeout_s:g} s")
        except NotConnected as failure:
            outcome = Failed(send.number, Failure.LOST, str(failure))
        self._conclude(send, began, outcome)

    def _conclude(self, send: Send, began: float, outcome: Answered | Failed) -> None:
        took_s = (self._clock.monotonic() - began) / self._speed
        self._listener.exchanged(Exchange(True, send.request, outcome, took_s))
        if isinstance(outcome, Failed) and outcome.failure is Failure.LOST:
            return  # with it goes the connection, and that is what the core acts on
        self.happen(outcome)

    # ---- the connection

    def _connect(self) -> None:
        self._link = asyncio.get_running_loop().create_task(self._stay_connected(self._ending))
        self._link.add_done_callback(self._link_ended)

    async def _stay_connected(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        await self._client.run()

    def _link_ended(self, link: asyncio.Task[None]) -> None:
        if not link.cancelled() and (failure := link.exception()) is not None:
            log.error("%s: the connection cannot be kept", self.identity, exc_info=failure)

    def _cut(self) -> None:
        if self._link is not None:
            self._ending, self._link = self._link, None
            self._ending.cancel()

    def _connected(self, connection: Connection) -> None:
        connection.context = self
        self._connection = connection
        self._listener.linked(True, self.url)
        self.happen(LinkUp())

    def _disconnected(self, connection: Connection) -> None:
        self._connection = None
        self._listener.linked(False, connection.closed_reason or "")
        self.happen(LinkDown())

    def _framed(self, _: Connection, direction: str, text: str) -> None:
        self._listener.framed(direction == SENT, text)

    # ---- the one timer

    def _arm(self) -> None:
        companion_at = None if self._companion is None else self._companion.next_deadline()
        dark = self._power_up_at is not None
        device_at = None if dark else self._device.next_event()
        deadlines = (self.core.next_deadline(), device_at, self._power_up_at, companion_at)
        at = min((one for one in deadlines if one is not None), default=None)
        if at is None:
            self._cancel_timer()
        elif self._timer is None or at < self._timer_at:
            # One that comes too early only looks; most deadlines are put off again and again.
            self._cancel_timer()
            self._timer_at = at
            wait_s = max(0.0, at - self._clock.monotonic()) / self._speed
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._time_passed)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_passed(self) -> None:
        self._timer = None
        now = self.moment
        if self._power_up_at is not None and now.monotonic >= self._power_up_at:
            self._power_up_at = None
            self.happen(PoweredUp())
            if self._wanted_online:
                self._connect()
        if self._power_up_at is None:  # a station in the dark notices nothing
            self._take_events()
        self._take_in(Tick(), now)
        if self._companion is not None:
            self._companion.wake(now)
        self._look_around()


def _ask(connection: Connection, request: Request[Any]) -> Response | asyncio.Future[Any]:
    runner: Runner = connection.context
    return runner.asked(request)


def _is_silent(connection: Connection) -> bool:
    runner: Runner | None = connection.context
    return runner is not None and runner.core.registration.silent


def _handlers() -> Handlers:
    """Every request goes to the core, also those it does not support: it may have to stay silent."""
    handlers = Handlers(Side.CHARGE_POINT)
    for action in ACTIONS.values():
        if Side.CENTRAL_SYSTEM in action.sent_by:
            handlers.add(action.request, _ask)
    handlers.deaf = _is_silent
    return handlers


_HANDLERS = _handlers()
