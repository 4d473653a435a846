"""Whatever happens, in any order: the station keeps to its table, and its transactions are told completely.

Links break, power fails (a new core over the records of the old one), the central system answers late, with
an error or not at all, or does not accept the station for a while. In the end every transaction message has
been delivered exactly once and in order, and every watt hour belongs to one transaction.

A change of status that the table does not have would raise ImpossibleTransition.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.station.station_lab import tag_info
from tests.unit.station.walking_lab import INITIAL_WH, WalkingLab

from voltline.messages import (
    UNSET,
    AuthorizationData,
    AuthorizationStatus,
    AvailabilityType,
    CancelReservation,
    ChangeAvailability,
    ChargePointErrorCode,
    ChargePointStatus,
    MeterValues,
    RegistrationStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    ReserveNow,
    Reset,
    ResetType,
    SendLocalList,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UnlockConnector,
    UpdateType,
)
from voltline.station.core.happenings import (
    CablePlugged,
    CableRemoved,
    Failed,
    Failure,
    FaultCleared,
    FaultRaised,
    Happening,
    ImpossibleHappening,
    PoweredUp,
    StopPressed,
    SwitchedOff,
    TagPresented,
    VehicleReady,
    VehicleUnplugged,
)
from voltline.station.core.intents import PowerOff, Reboot

connectors = st.integers(1, 2)
tags = st.sampled_from(["A", "B", "GROUP-1", "GROUP-2", "BLOCKED"])
flags = st.sampled_from(["true", "false"])


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lab = WalkingLab()
        grouped = tag_info(parent="GROUP")
        blocked = tag_info(AuthorizationStatus.BLOCKED)
        self.lab.start_tags = {"GROUP-1": grouped, "GROUP-2": grouped, "BLOCKED": blocked}
        self.lab.tags = {"GROUP-1": grouped, "GROUP-2": grouped}
        self.linked = True
        self.lab.boot()
        self.lab.set("TransactionMessageAttempts", "1000")
        self.lab.set("TransactionMessageRetryInterval", "2")

    @property
    def silent(self) -> bool:
        """Whether the station answers nothing: it was rejected, or is on its way down."""
        return self.lab.core.registration.silent

    def try_to(self, happening: Happening) -> None:
        with suppress(ImpossibleHappening):
            self.lab.do(happening)
        self.go_down_if_told()

    def ask(self, request: Any) -> None:
        if self.linked:
            self.lab.ask(request)
            self.go_down_if_told()

    def go_down_if_told(self) -> None:
        down = [one for one in self.lab.intents if isinstance(one, Reboot | PowerOff)]
        if down:
            self.lab.intents = [one for one in self.lab.intents if not isinstance(one, Reboot | PowerOff)]
            if self.linked:
                self.lab.disconnect()
            self.lab.do(PoweredUp())
            if self.linked:
                self.lab.connect()

    @rule(connector=connectors, what=st.sampled_from([CablePlugged, VehicleUnplugged, CableRemoved]))
    def cable(self, connector: int, what: Any) -> None:
        self.try_to(what(connector))

    @rule(connector=connectors, ready=st.booleans())
    def vehicle(self, connector: int, ready: bool) -> None:
        self.try_to(VehicleReady(connector, ready))

    @rule(tag=tags, connector=st.none() | connectors)
    def present(self, tag: str, connector: int | None) -> None:
        self.try_to(TagPresented(tag, connector))

    @rule(connector=connectors)
    def stop(self, connector: int) -> None:
        self.try_to(StopPressed(connector))

    @rule(
        connector=st.integers(0, 2), code=st.sampled_from(list(ChargePointErrorCode)), blocking=st.booleans()
    )
    def fault(self, connector: int, code: ChargePointErrorCode, blocking: bool) -> None:
        self.try_to(FaultRaised(connector_id=connector, error_code=code, blocking=blocking))

    @rule(connector=st.integers(0, 2))
    def repair(self, connector: int) -> None:
        self.try_to(FaultCleared(connector))

    @rule(seconds=st.sampled_from([1, 61, 400]))
    def time(self, seconds: int) -> None:
        self.lab.run(seconds)
        self.go_down_if_told()

    @precondition(lambda self: self.linked)
    @rule()
    def lose_link(self) -> None:
        self.lab.disconnect()
        self.linked = False
        self.go_down_if_told()

    @precondition(lambda self: not self.linked)
    @rule()
    def regain_link(self) -> None:
        self.linked = True
        self.lab.connect()
        self.go_down_if_told()

    @rule(outage_s=st.sampled_from([0, 1, 3600]))
    def lose_power(self, outage_s: int) -> None:
        self.lab.lose_power(outage_s)
        if self.linked:
            self.lab.connect()

    # ---- the central system

    @rule()
    def hold(self) -> None:
        self.lab.holding = True

    @rule()
    def release(self) -> None:
        self.lab.holding = False
        while self.lab.waiting:
            self.lab.answer(self.lab.waiting.pop(0))
        self.go_down_if_told()

    @precondition(lambda self: self.lab.waiting)
    @rule(failure=st.sampled_from([Failure.TIMEOUT, Failure.REFUSED]))
    def fail(self, failure: Failure) -> None:
        self.lab.do(Failed(self.lab.waiting.pop(0).number, failure, "busy"))
        self.go_down_if_told()

    @rule(status=st.sampled_from(RegistrationStatus))
    def register(self, status: RegistrationStatus) -> None:
        self.lab.boot_status = status

    @rule()
    def switch_off(self) -> None:
        self.try_to(SwitchedOff())

    @rule(connector=st.none() | connectors, tag=tags)
    def remote_start(self, connector: int | None, tag: str) -> None:
        more = {} if connector is None else {"connector_id": connector}
        self.ask(RemoteStartTransaction(id_tag=tag, **more))

    @rule(back=st.integers(0, 2))
    def remote_stop(self, back: int) -> None:
        self.ask(RemoteStopTransaction(transaction_id=self.lab.transaction_id - back))

    @rule(connector=st.integers(0, 3), operative=st.booleans())
    def availability(self, connector: int, operative: bool) -> None:
        kind = AvailabilityType.OPERATIVE if operative else AvailabilityType.INOPERATIVE
        self.ask(ChangeAvailability(connector_id=connector, type=kind))

    @rule(connector=connectors)
    def unlock(self, connector: int) -> None:
        self.ask(UnlockConnector(connector_id=connector))

    @rule(number=st.integers(1, 3), connector=st.integers(0, 2), tag=tags, grouped=st.booleans())
    def reserve(self, number: int, connector: int, tag: str, grouped: bool) -> None:
        more = {"parent_id_tag": "GROUP"} if grouped else {}
        expiry = self.lab.moment.utc + timedelta(seconds=200)
        self.ask(
            ReserveNow(reservation_id=number, connector_id=connector, id_tag=tag, expiry_date=expiry, **more)
        )

    @rule(number=st.integers(1, 3))
    def cancel(self, number: int) -> None:
        self.ask(CancelReservation(reservation_id=number))

    @rule(tag=tags, status=st.sampled_from([AuthorizationStatus.ACCEPTED, AuthorizationStatus.BLOCKED]))
    def list_tag(self, tag: str, status: AuthorizationStatus) -> None:
        entry = AuthorizationData(id_tag=tag, id_tag_info=tag_info(status, parent="GROUP"))
        self.ask(SendLocalList(list_version=1, update_type=UpdateType.FULL, local_authorization_list=[entry]))

    @rule(hard=st.booleans())
    def reset(self, hard: bool) -> None:
        self.ask(Reset(type=ResetType.HARD if hard else ResetType.SOFT))

    @rule(
        key=st.sampled_from(
            [
                "AllowOfflineTxForUnknownId",
                "AuthorizeRemoteTxRequests",
                "FreeVendEnabled",
                "LocalAuthListEnabled",
                "LocalPreAuthorize",
                "StopTransactionOnEVSideDisconnect",
                "StopTransactionOnInvalidId",
                "UnlockConnectorOnEVSideDisconnect",
            ]
        ),
        value=flags,
    )
    def configure(self, key: str, value: str) -> None:
        if self.linked and not self.silent:
            assert self.lab.set(key, value) == "Accepted"

    @rule(
        keys=st.sampled_from(["MeterValues{}Data", "StopTxn{}Data"]),
        kind=st.sampled_from(["Sampled", "Aligned"]),
        value=st.sampled_from(["", "Energy.Active.Import.Register", "Voltage.L1,Current.Import"]),
    )
    def measure(self, keys: str, kind: str, value: str) -> None:
        if self.linked and not self.silent:
            assert self.lab.set(keys.format(kind), value) == "Accepted"

    @rule(
        key=st.sampled_from(["MeterValueSampleInterval", "ClockAlignedDataInterval"]),
        seconds=st.sampled_from([0, 60, 900]),
    )
    def measure_every(self, key: str, seconds: int) -> None:
        if self.linked and not self.silent:
            assert self.lab.set(key, str(seconds)) == "Accepted"

    @invariant()
    def energy_flows_only_in_a_transaction(self) -> None:
        for connector in self.lab.core.connectors.outlets:
            if connector.energized:
                assert connector.transaction is not None
                assert not connector.is_blocked
            assert self.lab.energized(connector.id) == connector.energized
            if connector.status == ChargePointStatus.CHARGING:
                assert connector.transaction is not None
                assert connector.vehicle
            if connector.transaction is not None:
                assert connector.status in ("Charging", "SuspendedEV", "SuspendedEVSE")
            if connector.inoperative:
                assert connector.status == "Unavailable"
            if connector.vehicle:
                assert connector.status != "Available"

    @invariant()
    def central_system_knows_the_present_status(self) -> None:
        if not self.linked or not self.lab.core.registration.online or self.lab.holding:
            return
        for connector in self.lab.core.connectors:
            reports = [
                one for one in self.lab.requests(StatusNotification) if one.connector_id == connector.id
            ]
            assert reports[-1].status == connector.shown

    def teardown(self) -> None:
        """In the end, with the link back and the station accepted, everything is told."""
        self.register(RegistrationStatus.ACCEPTED)
        self.release()
        if not self.linked:
            self.regain_link()
        self.lab.run(4000)
        self.go_down_if_told()
        self.lab.run(1)
        assert len(self.lab.core.outbox) == 0
        self.every_message_was_delivered_once_and_in_order()
        self.every_reading_belongs_to_its_transaction()
        self.every_watt_hour_belongs_to_a_transaction()
        assert not [name for name in self.lab.storage.load() if name.startswith("queue.")]

    def every_message_was_delivered_once_and_in_order(self) -> None:
        delivered = self.lab.delivered
        assert len(delivered) == self.lab.queued
        running = [one.transaction for one in self.lab.core.connectors.outlets if one.transaction]
        starts = [one for one in delivered if isinstance(one, StartTransaction)]
        stops = [one for one in delivered if isinstance(one, StopTransaction)]
        assert len(starts) == self.lab.transaction_id == len(stops) + len(running)
        ids = [one.transaction_id for one in stops]
        assert len(set(ids)) == len(ids)
        assert set(ids) <= set(range(1, self.lab.transaction_id + 1))
        times = [one.timestamp for one in delivered if not isinstance(one, MeterValues)]
        assert times == sorted(times)

    def every_reading_belongs_to_its_transaction(self) -> None:
        current: dict[int, int] = {}
        began: dict[int, datetime] = {}
        number = 0
        for one in self.lab.delivered:
            match one:
                case StartTransaction():
                    number += 1
                    current[one.connector_id] = number
                    began[number] = one.timestamp
                case StopTransaction():
                    (connector_id,) = (key for key, value in current.items() if value == one.transaction_id)
                    del current[connector_id]
                    data = [] if one.transaction_data is UNSET else one.transaction_data
                    assert [value.timestamp for value in data] == sorted(value.timestamp for value in data)
                    for value in data:
                        assert began[one.transaction_id] <= value.timestamp <= one.timestamp
                case MeterValues():
                    running = current.get(one.connector_id, UNSET)
                    if one.transaction_id is UNSET:
                        assert running is UNSET
                    else:
                        assert one.transaction_id == running
                        assert one.meter_value[0].timestamp >= began[running]

    def every_watt_hour_belongs_to_a_transaction(self) -> None:
        for connector in self.lab.core.connectors.outlets:
            at_wh, running = INITIAL_WH, None
            numbers = iter(range(1, self.lab.transaction_id + 1))
            for one in self.lab.delivered:
                if isinstance(one, StartTransaction):
                    number = next(numbers)
                    if one.connector_id == connector.id:
                        assert running is None
                        assert one.meter_start == at_wh
                        running = number
                elif isinstance(one, StopTransaction) and one.transaction_id == running:
                    assert one.meter_stop >= at_wh
                    at_wh, running = one.meter_stop, None
            assert (connector.transaction is not None) == (running is not None)
            if running is None:
                assert self.lab.meter.energy_wh(connector.id, self.lab.moment) == at_wh


Walk.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestRandomWalks = Walk.TestCase
