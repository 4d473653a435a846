"""The charge point, whole and pure: happenings in, intents out.

Nothing here waits, connects or looks at a clock. Whoever drives it hands over what happened and the moment,
does what the intents say in their order, and comes back at `next_deadline()` at the latest.
"""

from collections.abc import Callable, Mapping
from typing import Any

from voltline.messages import (
    ChargePointErrorCode,
    ConfigurationStatus,
    UnlockConnector,
    UnlockConnectorResponse,
    UnlockStatus,
)
from voltline.station.core.authorization import Authorizer
from voltline.station.core.availability import Availability
from voltline.station.core.bench import Bench
from voltline.station.core.commands import Commands, Refusal
from voltline.station.core.connectors import Connectors, Fault
from voltline.station.core.data_transfer import DataTransfers
from voltline.station.core.driver import Driver
from voltline.station.core.firmware import FirmwareUpdates
from voltline.station.core.happenings import (
    Answered,
    Asked,
    CablePlugged,
    CableRemoved,
    DataSent,
    Failed,
    FaultCleared,
    FaultRaised,
    Happening,
    ImpossibleHappening,
    InstallationEnded,
    LimitChanged,
    LinkDown,
    LinkUp,
    LockTried,
    PoweredUp,
    RebootFailed,
    SettingChanged,
    StopPressed,
    SwitchedOff,
    TagPresented,
    Tick,
    TransferEnded,
    TransferProgressed,
    VehicleReady,
    VehicleUnplugged,
    WatchdogFired,
)
from voltline.station.core.hardware import Hardware, Meter
from voltline.station.core.intents import Answer, AwaitLock, Intent, Matter, PingEvery, Refuse, StaySilent
from voltline.station.core.moment import Moment
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration, Standing
from voltline.station.core.reservations import Reservations
from voltline.station.core.restart import Restart
from voltline.station.core.smart_charging import SmartCharging
from voltline.station.core.status import EV_COMMUNICATION_ERROR_WITH
from voltline.station.core.status_reports import StatusReports
from voltline.station.core.timers import Timer
from voltline.station.core.transactions import Transactions
from voltline.station.core.transfers import Transfers
from voltline.station.core.uploads import Logbook, Uploads

UNLOCKED = UnlockConnectorResponse(status=UnlockStatus.UNLOCKED)


class ChargePoint:
    """One station: its parts, and which of them a happening concerns."""

    def __init__(
        self,
        hardware: Hardware,
        meter: Meter,
        now: Moment,
        survived: Mapping[str, bytes] | None = None,
        logbook: Logbook | None = None,
    ) -> None:
        """`survived` is what lasting storage holds; None where nothing is to outlive a loss of power.

        `logbook` is what diagnostics and logs are made of; None where the station writes nothing down.
        """
        self.bench = Bench(hardware, meter, now, survived)
        self.connectors = Connectors(hardware.connectors, lambda one, info: self.reports.changed(one, info))
        self.outbox = Outbox(self.bench)
        self.registration = Registration(self.bench, self.outbox, self._came_online)
        self.reports = StatusReports(self.bench, self.outbox, self.registration)
        self.authorizer = Authorizer(self.bench, self.outbox, self.registration, self._list_conflict)
        self.smart_charging = SmartCharging(self.bench, self.connectors, self.outbox)
        self.transactions = Transactions(
            self.bench, self.outbox, self.connectors, self.authorizer, self.smart_charging
        )
        self.outbox.replies = self.transactions
        self.reservations = Reservations(self.bench, self.connectors, self.transactions)
        self.driver = Driver(
            self.bench, self.connectors, self.authorizer, self.transactions, self.reservations
        )
        self.availability = Availability(self.bench, self.connectors, self.driver, self.transactions)
        self.restart = Restart(
            self.bench, self.outbox, self.connectors, self.registration, self.transactions, self.driver
        )
        self.transfers = Transfers(self.bench)
        self.firmware = FirmwareUpdates(
            self.bench,
            self.outbox,
            self.registration,
            self.transfers,
            self.connectors,
            self.availability,
            self.restart,
        )
        self.uploads = Uploads(self.bench, self.outbox, self.registration, self.transfers, logbook)
        self.data_transfers = DataTransfers(self.bench, self.outbox)
        self._commands = Commands(self)

    def handle(self, happening: Happening, now: Moment) -> list[Intent]:
        """Take in one happening and say what is to be done about it, in order.

        Raises:
            ImpossibleHappening: the station cannot be in the state that it speaks of; nothing has changed,
                and what passing time demands comes with the next call, which should be a `Tick` at once.
        """
        self.bench.now = now
        while (due := self.bench.timers.take_due(now.monotonic)) is not None:
            self._deadline_passed(*due)
        _ROUTES[type(happening)](self, happening)
        for connector in self.smart_charging.changed():
            self.transactions.settle(connector)
        self.availability.main_follows()
        self.reservations.review()
        self.firmware.step()
        self.outbox.pump()
        self.restart.go_if_ready()
        return self.bench.take_intents()

    def next_deadline(self) -> float | None:
        """When to come back with a `Tick`, in seconds of the monotonic clock; None for never."""
        return self.bench.timers.next_deadline()

    @property
    def takes_remote_orders(self) -> bool:
        """Whether transactions may be started and stopped from afar: only once accepted (OCPP 1.6, 4.2)."""
        return self.registration.standing is Standing.ACCEPTED and not self.restart.pending

    def change_setting(self, key: str, value: str) -> ConfigurationStatus:
        """Set a configuration key and act by it at once."""
        status = self.bench.configuration.change(key, value)
        if status == ConfigurationStatus.ACCEPTED:
            name = key.casefold()
            if name == "heartbeatinterval" and self.registration.online:
                self.registration.expect_heartbeat()
            elif name == "metervaluesampleinterval":
                self.transactions.metering.interval_changed(self.connectors)
            elif name == "clockaligneddatainterval":
                self.transactions.metering.aligned.restart(self.connectors)
        return status

    # ---- what happened

    def _deadline_passed(self, timer: Timer, connector_id: int) -> None:
        if timer is Timer.BOOT:
            self.registration.boot()
        elif timer is Timer.HEARTBEAT:
            self.registration.heartbeat_due()
        elif timer is Timer.CONNECTION_TIMEOUT:
            self.driver.connection_timed_out(self.connectors.outlet(connector_id))
        elif timer is Timer.SAMPLE:
            transaction = self.connectors.outlet(connector_id).transaction
            if transaction is not None:
                self.transactions.metering.sample_due(transaction)
                self.transactions.remember()
        elif timer is Timer.RESERVATION:
            self.reservations.review()
        elif timer is Timer.ALLOWANCE:
            self.transactions.allowance_due(self.connectors.outlet(connector_id))
        elif timer is Timer.STATUS:
            self.reports.lasted(self.connectors.any(connector_id))
        elif timer is Timer.ALIGNED:
            self.transactions.metering.aligned.due(self.connectors)
            self.transactions.remember()
        elif timer is Timer.ALIVE:
            self.transactions.remember()
        elif timer is Timer.FIRMWARE:
            self.firmware.timer_passed()
        elif timer is Timer.DIAGNOSTICS:
            self.uploads.diagnostics.timer_passed()
        elif timer is Timer.LOG:
            self.uploads.log.timer_passed()
        # RESEND and RESET only bar the way while they run; what waits behind them is looked at every time.

    def _came_online(self, accepted: bool) -> None:
        if accepted:
            self.reports.report_all(self.connectors)
            if not self.firmware.keeps_closed:
                self.availability.reopen()
            self.driver.serve_those_waiting()
        else:
            self.reports.report_differences(self.connectors)
        self.transactions.metering.aligned.expect()  # the clock may have been set
        self.firmware.came_online()
        self.uploads.came_online()

    @property
    def _closed_until_accepted(self) -> bool:
        """Whether the station is Unavailable until the central system first accepts it (OCPP 1.6, 4.9)."""
        closed = self.bench.configuration.flag("UnavailableBeforeAccepted")
        return closed and not self.registration.ever_accepted

    def _list_conflict(self, text: str) -> None:
        self.reports.mention(self.connectors.main, ChargePointErrorCode.LOCAL_LIST_CONFLICT, text)

    def _powered_up(self, _: PoweredUp) -> None:
        self.bench.timers.cancel_all()
        self.outbox.powered_up()
        self.reports.forget()
        self.restart.powered_up()
        self.registration.powered_up()
        self.bench.tell(Matter.SECURITY, "StartupOfTheDevice")
        self.transfers.forget()
        self.firmware.powered_up()
        if self._closed_until_accepted:
            self.availability.close_for_service()
        self.driver.power_returned()
        self.transactions.metering.aligned.restart(self.connectors)
        self.uploads.powered_up()
        self.bench.intend(PingEvery(self.bench.configuration.number("WebSocketPingInterval")))

    def _switched_off(self, _: SwitchedOff) -> None:
        self.restart.switch_off()

    def _reboot_failed(self, _: RebootFailed) -> None:
        if not self.restart.try_again():
            self.transactions.metering.aligned.restart(self.connectors)
            text = "the reset failed, the station goes on"
            self.reports.mention(self.connectors.main, ChargePointErrorCode.RESET_FAILURE, text)

    def _link_up(self, _: LinkUp) -> None:
        self.registration.link_up()

    def _link_down(self, _: LinkDown) -> None:
        self.registration.link_down()
        self.outbox.link_down()

    def _tick(self, _: Tick) -> None:
        """The deadlines have been looked at already."""

    def _answered(self, happening: Answered) -> None:
        self.outbox.answered(happening.number, happening.response)

    def _failed(self, happening: Failed) -> None:
        self.outbox.failed(happening)

    def _asked(self, happening: Asked) -> None:
        if self.registration.silent or self.registration.standing is Standing.OFF:
            self.bench.intend(StaySilent(happening.token))
            return
        try:
            response = self._commands.response_to(happening.request)
        except Refusal as refusal:
            self.bench.intend(Refuse(happening.token, refusal.code, refusal.text))
            return
        request = happening.request
        if isinstance(request, UnlockConnector) and response == UNLOCKED:
            self.bench.intend(AwaitLock(happening.token, request.connector_id))
        else:
            self.bench.intend(Answer(happening.token, response))

    def _lock_tried(self, happening: LockTried) -> None:
        obeyed = self.transactions.has_unlocked(self.connectors.outlet(happening.connector_id))
        failed = UnlockConnectorResponse(status=UnlockStatus.UNLOCK_FAILED)
        self.bench.intend(Answer(happening.token, UNLOCKED if obeyed else failed))

    def _cable_plugged(self, happening: CablePlugged) -> None:
        self.driver.plug(self.connectors.outlet(happening.connector_id))

    def _vehicle_unplugged(self, happening: VehicleUnplugged) -> None:
        self.driver.unplug_vehicle(self.connectors.outlet(happening.connector_id))

    def _cable_removed(self, happening: CableRemoved) -> None:
        self.driver.remove_cable(self.connectors.outlet(happening.connector_id))

    def _vehicle_ready(self, happening: VehicleReady) -> None:
        self.driver.vehicle_ready(self.connectors.outlet(happening.connector_id), happening.ready)

    def _tag_presented(self, happening: TagPresented) -> None:
        if self.registration.standing is Standing.OFF or self.restart.pending:
            raise ImpossibleHappening("the station is restarting and reads no tags")
        self.driver.present(happening.id_tag, happening.connector_id)

    def _stop_pressed(self, happening: StopPressed) -> None:
        connector = self.connectors.outlet(happening.connector_id)
        if connector.transaction is None:
            raise ImpossibleHappening(f"no transaction is running on connector {connector.id}")
        self.transactions.end(connector, happening.reason)

    def _fault_raised(self, happening: FaultRaised) -> None:
        connector = self.connectors.any(happening.connector_id)
        code = happening.error_code
        if code == ChargePointErrorCode.NO_ERROR:
            raise ImpossibleHappening("NoError is not a fault; clear the fault instead")
        blocking = happening.blocking
        if code == ChargePointErrorCode.EV_COMMUNICATION_ERROR:
            if connector.status not in EV_COMMUNICATION_ERROR_WITH:
                raise ImpossibleHappening(f"{code} cannot come with status {connector.status}")
            blocking = False
        fault = Fault(
            error_code=code,
            blocking=blocking,
            info=happening.info,
            vendor_error_code=happening.vendor_error_code
            or ("unspecified" if code == ChargePointErrorCode.OTHER_ERROR else ""),
        )
        self.connectors.set_fault(connector, fault)
        self.transactions.settle(connector)

    def _fault_cleared(self, happening: FaultCleared) -> None:
        connector = self.connectors.any(happening.connector_id)
        if connector.fault is None:
            raise ImpossibleHappening(f"connector {connector.id} has no fault")
        self.connectors.set_fault(connector, None)
        self.transactions.settle(connector)

    def _limit_changed(self, happening: LimitChanged) -> None:
        connector = self.connectors.any(happening.connector_id)
        self.smart_charging.limit_site(connector.id, happening.current_a)

    def _watchdog_fired(self, _: WatchdogFired) -> None:
        if self.registration.standing is Standing.OFF:
            raise ImpossibleHappening("the station is restarting already")
        self.restart.watchdog_fired()

    def _setting_changed(self, happening: SettingChanged) -> None:
        why = self.bench.configuration.objection(happening.key, happening.value)
        status = self.change_setting(happening.key, happening.value)
        text = f"{happening.key} = {happening.value}: {status}"
        self.bench.tell(Matter.STATUS, text if why is None else f"{text}, {why}")

    def _transfer_progressed(self, happening: TransferProgressed) -> None:
        self.transfers.progressed(happening)

    def _transfer_ended(self, happening: TransferEnded) -> None:
        self.transfers.ended(happening)

    def _installation_ended(self, happening: InstallationEnded) -> None:
        self.firmware.installation_ended(happening)

    def _data_sent(self, happening: DataSent) -> None:
        if not self.registration.online:
            raise ImpossibleHappening("the station is not online, and vendors' data is not queued")
        self.data_transfers.send(happening)


_ROUTES: dict[type[Any], Callable[[ChargePoint, Any], None]] = {
    PoweredUp: ChargePoint._powered_up,
    SwitchedOff: ChargePoint._switched_off,
    RebootFailed: ChargePoint._reboot_failed,
    LinkUp: ChargePoint._link_up,
    LinkDown: ChargePoint._link_down,
    Tick: ChargePoint._tick,
    Answered: ChargePoint._answered,
    Failed: ChargePoint._failed,
    Asked: ChargePoint._asked,
    LockTried: ChargePoint._lock_tried,
    CablePlugged: ChargePoint._cable_plugged,
    VehicleUnplugged: ChargePoint._vehicle_unplugged,
    CableRemoved: ChargePoint._cable_removed,
    VehicleReady: ChargePoint._vehicle_ready,
    TagPresented: ChargePoint._tag_presented,
    StopPressed: ChargePoint._stop_pressed,
    FaultRaised: ChargePoint._fault_raised,
    FaultCleared: ChargePoint._fault_cleared,
    LimitChanged: ChargePoint._limit_changed,
    WatchdogFired: ChargePoint._watchdog_fired,
    SettingChanged: ChargePoint._setting_changed,
    TransferProgressed: ChargePoint._transfer_progressed,
    TransferEnded: ChargePoint._transfer_ended,
    InstallationEnded: ChargePoint._installation_ended,
    DataSent: ChargePoint._data_sent,
}
