"""A real charge point on the core: give it its hardware, tell it what happens at its sockets.

The ports, each a few lines to implement: `Meter`, `Contactor`, `CableLock`, `Pilot`, `PhaseSwitch`,
`Installer`, `Storage` and `Clock`. Everything here runs in one event loop; what is read in a thread or an
interrupt is handed over with `loop.call_soon_threadsafe`. docs/howto/build-a-charge-point.md builds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from voltline.base.clock import Clock, SystemClock
from voltline.messages import ChargePointErrorCode, Reason
from voltline.smart_charging.stack import PHASES
from voltline.station.core.charge_point import ChargePoint
from voltline.station.core.happenings import (
    CablePlugged,
    CableRemoved,
    FaultCleared,
    FaultRaised,
    Happening,
    ImpossibleHappening,
    LimitChanged,
    StopPressed,
    TagPresented,
    VehicleReady,
    VehicleUnplugged,
)
from voltline.station.core.hardware import Hardware, Measured, Meter, Outlet
from voltline.station.core.intents import Energize, Lock, Notice, Offer
from voltline.station.core.moment import Moment
from voltline.station.core.smart_charging import SWITCHES_PHASES
from voltline.station.device.listener import Exchange, Listener, Listeners
from voltline.station.device.logbook import Logbook
from voltline.station.device.runner import Runner
from voltline.station.device.storage import FolderStorage, MemoryStorage, Storage
from voltline.station.device.transfers import BadImage, FileTransfers, Installer
from voltline.transport.client import ClientOptions

__all__ = [
    "BadImage",
    "CableLock",
    "Charger",
    "Contactor",
    "Exchange",
    "FolderStorage",
    "Hardware",
    "ImpossibleHappening",
    "Installer",
    "Listener",
    "Measured",
    "MemoryStorage",
    "Meter",
    "Moment",
    "Notice",
    "Outlet",
    "PartFailure",
    "PhaseSwitch",
    "Pilot",
    "Socket",
    "Storage",
]

LOG_ENTRIES = 10_000
"""Frames and events that diagnostics and logs are made of."""


class PartFailure(Exception):  # reads well, and is reported to the central system
    """A part did not do what it was told; the text says what it did instead, in 50 characters at most."""


class Contactor(Protocol):
    """The relay between grid and vehicle."""

    def switch(self, on: bool) -> None:
        """Close or open it. Raises PartFailure where it is welded or does not close."""
        ...


class CableLock(Protocol):
    """What holds the cable in the socket."""

    def hold(self, on: bool) -> None:
        """Hold the cable or let it go. Raises PartFailure where it is jammed."""
        ...


class Pilot(Protocol):
    """What tells the vehicle how much it may draw: the duty cycle of IEC 61851-1, or a protocol above it."""

    def offer(self, current_a: float | None) -> None:
        """Offer so many amperes on each phase; None is as much as the connector can."""
        ...


class PhaseSwitch(Protocol):
    """What connects the vehicle to one phase of the grid or to three."""

    def feed(self, phases: int | None) -> None:
        """Feed it on so many phases from now on; None is as many as the connector has.

        It has to see to what a vehicle needs for that, such as a pause without current (IEC 61851-1). Raises
        PartFailure where it does not switch.
        """
        ...


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one connector."""

    contactor: Contactor
    lock: CableLock | None = None
    """None for a fixed cable."""
    pilot: Pilot | None = None
    """None where the current cannot be limited."""
    phases: PhaseSwitch | None = None
    """None where the phases are as they are."""


class _NoInstaller:
    """Of a charger whose firmware is brought to it in another way."""

    def install(self, image: Path, cancelled: object) -> str:
        raise BadImage("this charger does not install firmware by itself")


class Charger:
    """One charge point at work.

        charger = Charger("wss://csms.example/ocpp", "CP1", hardware, meter, [socket], storage=storage)
        charger.start()
        charger.plugged(1)
        charger.tag("04A2B6C81F5E80")

    What happens raises ImpossibleHappening where it cannot: a second cable in a socket, a connector that is
    not there. A reader or a button may ignore it; its text is for people.
    """

    def __init__(
        self,
        endpoint: str,
        identity: str,
        hardware: Hardware,
        meter: Meter,
        sockets: Sequence[Socket],
        *,
        password: bytes | str | None = None,
        storage: Storage | None = None,
        installer: Installer | None = None,
        files: Path | None = None,
        clock: Clock | None = None,
        listener: Listener | None = None,
        options: ClientOptions | None = None,
    ) -> None:
        """`endpoint` is the URL without the identity; `sockets` are those of connector 1, 2 and so on.

        Without `storage` nothing outlives a loss of power: no list, no configuration, no queue. `files` is
        the folder for firmware under way; without it a temporary one serves.

        Raises:
            ValueError: no WebSocket URL, no identity, not as many sockets as connectors, or a socket without
                the phase switch that the hardware says there is.
        """
        if len(sockets) != hardware.connectors:
            raise ValueError(f"{hardware.connectors} connectors need as many sockets, not {len(sockets)}")
        switches = hardware.phases == PHASES and dict(hardware.defaults).get(SWITCHES_PHASES, "").lower()
        if switches == "true" and any(socket.phases is None for socket in sockets):
            raise ValueError(
                f"{SWITCHES_PHASES} says that three phases become one, and a socket has no phase switch; "
                "give it one in Socket.phases, or leave the key out of Hardware.defaults"
            )
        clock = clock or SystemClock()
        now = Moment(clock.monotonic(), clock.now())
        logbook = Logbook(LOG_ENTRIES, lambda: core.bench.by_own_clock(self._runner.moment.utc))
        core = ChargePoint(hardware, meter, now, storage.load() if storage else None, logbook)
        self._runner = Runner(
            endpoint,
            identity,
            core,
            _Parts(sockets),
            password=password,
            options=options,
            clock=clock,
            listener=Listeners(logbook, listener or Listener()),
            storage=storage,
            files=FileTransfers(logbook, installer or _NoInstaller(), folder=files),
        )
        self.core = core
        """Its state, to be read: what a display shows of connectors and transactions."""

    def start(self) -> None:
        """Power up and connect; goes on trying for ever. Needs a running event loop."""
        self._runner.start()

    async def stop(self, *, graceful: bool = True) -> None:
        """End transactions, deliver what can be delivered within seconds, disconnect; or just go dark."""
        await self._runner.stop(graceful=graceful)

    @property
    def online(self) -> bool:
        """Whether the connection stands and the central system has accepted the charge point."""
        return self._runner.linked and self.core.registration.online

    # ---- what happens at the sockets

    def plugged(self, connector_id: int) -> None:
        """A vehicle hangs on the connector: the cable is in at both ends."""
        self._runner.happen(CablePlugged(connector_id))

    def vehicle_unplugged(self, connector_id: int) -> None:
        """The cable was pulled at the vehicle's end. With a fixed cable that frees the connector."""
        self._runner.happen(VehicleUnplugged(connector_id))

    def cable_removed(self, connector_id: int) -> None:
        """The cable was pulled out of the socket."""
        self._runner.happen(CableRemoved(connector_id))

    def vehicle_ready(self, connector_id: int, ready: bool) -> None:
        """The vehicle asks for energy (state C or D of IEC 61851-1) or does not (state B)."""
        self._runner.happen(VehicleReady(connector_id, ready))

    def tag(self, id_tag: str, connector_id: int | None = None) -> None:
        """A tag is held to the reader of a connector, or to the one reader of the charger."""
        self._runner.happen(TagPresented(id_tag, connector_id))

    def stop_pressed(self, connector_id: int, reason: Reason = Reason.LOCAL) -> None:
        """Somebody ends the transaction at the charger; an emergency stop has a reason of its own."""
        self._runner.happen(StopPressed(connector_id, reason))

    def fault(self, error_code: ChargePointErrorCode, connector_id: int = 0, info: str = "") -> None:
        """Something broke, at a connector or with 0 at the charger: nothing is served there any more."""
        self._runner.happen(FaultRaised(connector_id=connector_id, error_code=error_code, info=info))

    def repaired(self, connector_id: int = 0) -> None:
        """The fault is gone."""
        self._runner.happen(FaultCleared(connector_id))

    def site_limit(self, current_a: float | None, connector_id: int = 0) -> None:
        """The site allows so many amperes on each phase, None for all there is; 0: all of them together."""
        self._runner.happen(LimitChanged(connector_id, current_a))


class _Parts:
    """The sockets as the runner's device. A part that fails is told to the core as a fault."""

    def __init__(self, sockets: Sequence[Socket]) -> None:
        self._sockets = tuple(sockets)
        self._fed: list[int | None] = [None] * len(self._sockets)
        """On how many phases each socket feeds."""
        self._broken: list[Happening] = []

    def perform(self, intent: Energize | Lock | Offer, now: Moment) -> None:
        connector_id = intent.connector_id
        socket = self._sockets[connector_id - 1]
        try:
            match intent:
                case Energize(on=on):
                    socket.contactor.switch(on)
                case Lock(on=on) if socket.lock is not None:
                    socket.lock.hold(on)
                case Offer():
                    self._offer(intent, socket)
        except PartFailure as failure:
            code = (
                ChargePointErrorCode.CONNECTOR_LOCK_FAILURE
                if isinstance(intent, Lock)
                else ChargePointErrorCode.POWER_SWITCH_FAILURE
            )
            text = str(failure)[:50]
            self._broken.append(FaultRaised(connector_id=connector_id, error_code=code, info=text))

    def _offer(self, offer: Offer, socket: Socket) -> None:
        number = offer.connector_id - 1
        widens = offer.phases is None and self._fed[number] is not None
        if widens and socket.pilot is not None:  # the current of one phase must never flow on three
            socket.pilot.offer(offer.current_a)
        if socket.phases is not None and offer.phases != self._fed[number]:
            socket.phases.feed(offer.phases)
            self._fed[number] = offer.phases
        if not widens and socket.pilot is not None:
            socket.pilot.offer(offer.current_a)

    def next_event(self) -> float | None:
        # Whatever time it is, that is over.
        return 0.0 if self._broken else None

    def events(self, now: Moment) -> Sequence[Happening]:
        broken, self._broken = self._broken, []
        return broken
