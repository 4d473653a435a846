"""A simulated charge point: the core, a car park's worth of physics, and a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from voltline.base.clock import Clock
from voltline.messages import (
    UNSET,
    ChargePointErrorCode,
    Reason,
)
from voltline.quirks import NO_QUIRKS, Quirks, Registry
from voltline.quirks.loading import built_in
from voltline.station.core.charge_point import ChargePoint
from voltline.station.core.connectors import Connector
from voltline.station.core.data_transfer import Handlers
from voltline.station.core.happenings import ImpossibleHappening, WatchdogFired
from voltline.station.core.hardware import Meter
from voltline.station.core.intents import Matter, Notice
from voltline.station.core.moment import Moment
from voltline.station.device.listener import Listener, Listeners
from voltline.station.device.logbook import Logbook
from voltline.station.device.misbehaviour import Habit, MisbehavingLine
from voltline.station.device.runner import Runner
from voltline.station.device.storage import FolderStorage, Storage
from voltline.station.device.transfers import FileTransfers
from voltline.station.simulator.actions import (
    Action,
    ClearFault,
    GoOffline,
    GoOnline,
    Present,
    PressStop,
    RaiseFault,
    Stage,
    Unplug,
    plug_in,
)
from voltline.station.simulator.clock import SimulatedClock
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.firmware_image import SimulatedInstaller
from voltline.station.simulator.habits import habits_of
from voltline.station.simulator.lasting_meter import LastingMeter
from voltline.station.simulator.options import DEFAULT_TAG, StationOptions, hardware_of
from voltline.station.simulator.vehicle import Vehicle, some_car
from voltline.station.simulator.view import ConnectorView, StationView, TransferView
from voltline.station.simulator.visits import Visits
from voltline.transport.client import ClientOptions

T = TypeVar("T")


class SimulatedStation:
    """One station. Use it as a context, or `start` and `stop` it.

        async with SimulatedStation("ws://127.0.0.1:9000/ocpp", "CP1") as station:
            await station.until(lambda view: view.online)
            await station.plug_in(1)
            await station.present_tag("04A2B6C81F5E80")

    Many in one process cost one timer and one connection each.
    """

    def __init__(
        self,
        endpoint: str,
        identity: str,
        options: StationOptions | None = None,
        *,
        password: bytes | str | None = None,
        client: ClientOptions | None = None,
        clock: Clock | None = None,
        listener: Listener | None = None,
        storage: Storage | None = None,
        quirks: Registry | None = None,
        cars: Random | None = None,
    ) -> None:
        """`endpoint` is the URL without the identity.

        `storage` is what outlives a loss of power; without it nothing does. `quirks` is what is known of
        charge points, where `options.quirky`; by default what comes with Voltline. `cars` draws the cars that
        nobody describes; a fleet shares one.

        Raises:
            ValueError: no WebSocket URL, no identity, no such make, or a configuration key that it lacks or
                that cannot have the value.
        """
        self.options = options = options or StationOptions()
        if options.phases not in (0, 1, 3):
            raise ValueError(f"a connector has 0 (direct current), 1 or 3 phases, not {options.phases}")
        if not options.power_w > 0:
            raise ValueError(f"a connector's power is above 0 W, not {options.power_w:g}")
        chance = Random(f"{options.seed}/{identity}")
        self._clock = clock = SimulatedClock(options.speed, clock)
        self.identity = identity
        self._known = quirks or built_in()
        self._listener = listener or Listener()
        logbook = Logbook(options.log_entries, lambda: self._core.bench.by_own_clock(self._runner.moment.utc))
        if options.log_entries:
            self._listener = Listeners(logbook, self._listener)
        own_cars = chance.random()
        self._device = SimulatedDevice(
            connectors=options.connectors,
            phases=options.phases,
            power_w=options.power_w,
            chance=Random(chance.random()),
            reading_faults=tuple(
                fault
                for quirk in self._quirks(options.firmware_version)
                for fault in quirk.facts.reading_faults
            ),
        )
        self._hardware = hardware_of(options, chance)
        self._logbook = logbook
        self._vendors: Handlers = {}
        self._storage = storage
        self._meter: Meter = self._device
        if storage is not None:
            self._meter = LastingMeter(self._device, options.connectors, storage)
        line = MisbehavingLine(self._habits, speed=options.speed, tell=self._tell)
        self._runner = Runner(
            endpoint,
            identity,
            self._new_core(),
            self._device,
            line=line,
            speed=options.speed,
            storage=storage,
            password=password,
            options=client,
            clock=clock,
            listener=self._listener,
            companion=self._drivers(Random(chance.random()), clock.monotonic()),
            reboot_s=options.reboot_s,
            files=FileTransfers(
                logbook,
                SimulatedInstaller(options.install_s / options.speed),
                state=self._state,
                folder=storage.folder / "files" if isinstance(storage, FolderStorage) else None,
            ),
        )
        self._stage = Stage(
            device=self._device,
            runner=self._runner,
            line=line,
            clock=clock,
            quirks=self._known,
            lose_power=self._lose_power,
            outlet=options.outlet,
            cars=cars or Random(own_cars),
            id_tag=options.id_tags[0] if options.id_tags else DEFAULT_TAG,
        )
        self._last_energy_wh = [0] * options.connectors

    @property
    def _core(self) -> ChargePoint:
        return self._runner.core

    def _new_core(self) -> ChargePoint:
        now = Moment(self._clock.monotonic(), self._clock.now())
        survived = None if self._storage is None else self._storage.load()
        core = ChargePoint(self._hardware, self._meter, now, survived, self._logbook)
        core.data_transfers.handlers = self._vendors
        for key, value in self.options.configuration:
            if (why := core.bench.configuration.objection(key, value)) is not None:
                raise ValueError(f"the configuration key {key} cannot be set to {value!r}: {why}")
            core.change_setting(key, value)
        return core

    def _lose_power(self, outage_s: float) -> None:
        self._device.lose_power(self._runner.moment)
        self._runner.lose_power(self._new_core, outage_s)

    def _quirks(self, firmware_version: str | None) -> Quirks:
        if not self.options.quirky:
            return NO_QUIRKS
        return self._known.of(self.identity, self.options.vendor, self.options.model, firmware_version)

    def _habits(self) -> tuple[Habit, ...]:
        """As of the firmware that it runs now."""
        version = self._core.bench.boot_notification.firmware_version
        return habits_of(self._quirks(None if version is UNSET else version), self._reboot)

    def _tell(self, text: str) -> None:
        self._listener.noticed(Notice(Matter.STATUS, text))

    def _reboot(self) -> None:
        with suppress(ImpossibleHappening):  # it is restarting already
            self._runner.happen(WatchdogFired())

    def _drivers(self, chance: Random, now: float) -> _Drivers | None:
        options = self.options
        if options.auto is None:
            return None
        visits = Visits(options.connectors, options.id_tags, options.auto, chance, now)
        return _Drivers(self, visits, self._listener)

    # ---- life

    async def start(self) -> None:
        """Power up and connect; it goes on trying for ever if there is nobody to connect to."""
        self.switch_on()

    def switch_on(self) -> None:
        """As `start`, for those who cannot wait."""
        self._runner.start()

    async def stop(self, *, graceful: bool = True) -> None:
        """End transactions, deliver what can be delivered within seconds, disconnect; or just vanish."""
        await self._runner.stop(graceful=graceful)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop(graceful=error is None)

    @property
    def url(self) -> str:
        """Where it connects to, its identity included."""
        return self._runner.url

    # ---- what can be done to it

    async def plug_in(self, connector_id: int = 1, vehicle: Vehicle | None = None) -> None:
        """A car plugs in; raises ImpossibleHappening where one hangs already."""
        plug_in(self._stage, connector_id, vehicle or some_car(self._stage.cars))

    async def unplug(self, connector_id: int = 1) -> None:
        """The car leaves; raises ImpossibleHappening where there is none, or the cable is locked."""
        self.perform(Unplug(connector_id))

    async def present_tag(self, id_tag: str = DEFAULT_TAG, connector_id: int | None = None) -> None:
        """Hold a tag to the reader."""
        self.perform(Present(id_tag, connector_id))

    async def press_stop(self, connector_id: int = 1, reason: Reason = Reason.LOCAL) -> None:
        """End the transaction at the station; raises ImpossibleHappening where there is none."""
        self.perform(PressStop(connector_id, reason))

    async def raise_fault(
        self, error_code: ChargePointErrorCode, connector_id: int = 1, info: str = ""
    ) -> None:
        """Something breaks; connector 0 is the station itself."""
        self.perform(RaiseFault(error_code, connector_id, info))

    async def clear_fault(self, connector_id: int = 1) -> None:
        """It is repaired."""
        self.perform(ClearFault(connector_id))

    async def go_offline(self) -> None:
        """Lose the network until `go_online`."""
        self.perform(GoOffline())

    async def go_online(self) -> None:
        """Get the network back."""
        self.perform(GoOnline())

    def perform(self, action: Action) -> None:
        """Do one of the things that can be done to a station, now.

        Raises:
            ImpossibleHappening: it cannot be done as things stand; in words for people.
        """
        action.act(self._stage)

    # ---- what can be seen of it

    def _state(self) -> dict[str, str]:
        """What diagnostics tell beside the log."""
        boot = msgspec.to_builtins(self._core.bench.boot_notification)
        state = {"identity": self.identity, **{name: str(value) for name, value in boot.items()}}
        for connector in self._core.connectors:
            fault = _error_code(connector)
            state[f"connector {connector.id}"] = f"{connector.shown}, {fault}"
        known, _ = self._core.bench.configuration.read(())
        for one in known:
            state[one.key] = one.value if isinstance(one.value, str) else ""
        return state

    @property
    def queued(self) -> int:
        """Transaction messages not yet delivered."""
        return len(self._core.outbox)

    @property
    def charging(self) -> int:
        """Connectors with a transaction."""
        return sum(one.transaction is not None for one in self._core.connectors.outlets)

    def view(self) -> StationView:
        """The station as it is now."""
        now = self._runner.moment
        main = self._core.connectors.main
        return StationView(
            identity=self.identity,
            linked=self._runner.linked,
            standing=self._core.registration.standing,
            queued=len(self._core.outbox),
            connectors=tuple(self._view_of(connector, now) for connector in self._core.connectors.outlets),
            status=main.shown,
            error_code=_error_code(main),
            firmware_version=self._core.bench.boot_notification.firmware_version or "",
            local_list_version=self._core.authorizer.list_version,
            reservations=len(self._core.reservations),
            transfers=tuple(
                TransferView(one.subject, one.done_bytes, one.total_bytes)
                for one in self._core.transfers.under_way
            ),
        )

    def _view_of(self, connector: Connector, now: Moment) -> ConnectorView:
        outlet = self._device.outlet(connector.id)
        register_wh = self._device.energy_wh(connector.id, now)
        running = connector.transaction
        if running is not None:
            self._last_energy_wh[connector.id - 1] = register_wh - running.meter_start_wh
        car = outlet.vehicle
        return ConnectorView(
            connector_id=connector.id,
            status=connector.shown,
            error_code=_error_code(connector),
            plugged=connector.vehicle,
            wants_energy=car is not None and car.asks_for_energy,
            locked=connector.locked,
            id_tag=running.id_tag if running else None,
            transaction_id=self._core.outbox.transaction_id(running.number) if running else None,
            energy_wh=self._last_energy_wh[connector.id - 1],
            register_wh=register_wh,
            power_w=outlet.power_w(),
            soc_percent=None if car is None else 100.0 * car.soc,
            limit_a=outlet.granted_a,
            reserved_for=connector.reservation.id_tag if connector.reservation else None,
        )

    def setting(self, key: str) -> str | None:
        """The value of a configuration key, None if the station has no such key."""
        known, _ = self._core.bench.configuration.read([key])
        value = known[0].value if known else None
        return value if isinstance(value, str) else None

    def on_change(self, look: Callable[[], None]) -> Callable[[], None]:
        """Call `look` after everything that happens; gives the function that ends this."""
        return self._runner.on_change(look)

    async def until(
        self, condition: Callable[[StationView], T], timeout_s: float | None = 30.0, what: str = ""
    ) -> T:
        """Wait until `condition` of the view is true; it is looked at after every happening. Gives its value.

        Raises:
            TimeoutError: it was not within `timeout_s` seconds; says how the station stands instead.
        """
        met: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def look() -> None:
            if met.done():
                return
            try:
                value = condition(self.view())
            except Exception as failure:
                met.set_exception(failure)
            else:
                if value:
                    met.set_result(value)

        forget = self._runner.on_change(look)
        look()
        try:
            return await asyncio.wait_for(met, timeout_s)
        except TimeoutError:
            awaited = what or "the condition"
            raise TimeoutError(
                f"{self.identity}: {awaited} did not come true in {timeout_s} s; {self.view()}"
            ) from None
        finally:
            forget()


def _error_code(connector: Connector) -> ChargePointErrorCode:
    fault = connector.shown_fault
    return fault.error_code if fault else ChargePointErrorCode.NO_ERROR


class _Drivers:
    """Those who come by themselves, as the runner's companion."""

    def __init__(self, station: SimulatedStation, visits: Visits, listener: Listener) -> None:
        self._station = station
        self._visits = visits
        self._listener = listener

    def next_deadline(self) -> float:
        return self._visits.next_deadline()

    def wake(self, now: Moment) -> None:
        if self._visits.next_deadline() > now.monotonic:
            return
        for action in self._visits.act(self._station.view().connectors, now.monotonic):
            try:
                self._station.perform(action)
            except ImpossibleHappening as failure:
                self._listener.noticed(Notice(Matter.STATUS, str(failure)))
