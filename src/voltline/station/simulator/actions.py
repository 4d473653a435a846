"""The verbs: everything that a driver, an installer or a test can do to a simulated station.

One table for the prompt, the control API and scenarios. Faults on demand stand in a module of their own.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from voltline.messages import (
    UNSET,
    ChargePointErrorCode,
    DataTransferResponse,
    DataTransferStatus,
    Reason,
)
from voltline.station.core.happenings import (
    CablePlugged,
    CableRemoved,
    DataSent,
    FaultCleared,
    FaultRaised,
    ImpossibleHappening,
    SettingChanged,
    StopPressed,
    TagPresented,
    VehicleUnplugged,
)
from voltline.station.core.hardware import Outlet
from voltline.station.simulator.faults import FAULTS
from voltline.station.simulator.vehicle import Vehicle, model_named, some_car
from voltline.station.simulator.verbs import (
    Action,
    ConnectorId,
    ConnectorOrStation,
    IdTag,
    Misunderstood,
    Stage,
    Verb,
    table_of,
)

__all__ = ["VERBS", "Action", "Misunderstood", "Stage", "Verb"]

WARNINGS = frozenset(
    {
        ChargePointErrorCode.EV_COMMUNICATION_ERROR,
        ChargePointErrorCode.LOCAL_LIST_CONFLICT,
        ChargePointErrorCode.WEAK_SIGNAL,
    }
)
"""Errors that do not keep a connector from charging."""

Percent = Annotated[float, Meta(ge=0, le=100)]
VendorId = Annotated[str, Meta(min_length=1, max_length=255, description="The vendor, as in com.example.")]


class PlugIn(Action, frozen=True, tag="plug"):
    """A car comes and plugs in."""

    connector_id: ConnectorId = 1
    soc_percent: (
        Annotated[Percent, Meta(description="Its state of charge; some state if not said.")] | None
    ) = None
    target_percent: Annotated[Percent, Meta(description="How full it wants to be.")] | None = None

    def act(self, stage: Stage) -> None:
        vehicle = some_car(stage.cars)
        if self.soc_percent is not None:
            vehicle.energy_wh = self.soc_percent / 100 * vehicle.model.battery_wh
        if self.target_percent is not None:
            vehicle.target_soc = self.target_percent / 100
        plug_in(stage, self.connector_id, vehicle)


class PlugInMake(Action, frozen=True, tag="car"):
    """A car of a certain make comes and plugs in."""

    make: Annotated[str, Meta(min_length=1, description="A word of its name, as in hybrid or tourer.")]
    connector_id: ConnectorId = 1
    soc_percent: Annotated[Percent, Meta(description="Its state of charge.")] = 40.0
    target_percent: Annotated[float, Meta(gt=0, le=100, description="How full it wants to be.")] = 100.0

    def act(self, stage: Stage) -> None:
        try:
            vehicle = Vehicle(model_named(self.make), self.soc_percent / 100, self.target_percent / 100)
        except ValueError as error:
            raise ImpossibleHappening(str(error)) from None
        plug_in(stage, self.connector_id, vehicle)


class Unplug(Action, frozen=True, tag="unplug"):
    """The cable is pulled and the car leaves."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        connector = stage.core.connectors.outlet(self.connector_id)
        # A cable that was kept back by its lock hangs there without a vehicle.
        if connector.vehicle or not connector.occupied:
            stage.runner.happen(VehicleUnplugged(connector.id))
            stage.device.outlet(connector.id).attach(None, stage.runner.moment.monotonic)
        if stage.outlet is Outlet.SOCKET:
            stage.runner.happen(CableRemoved(connector.id))


class Present(Action, frozen=True, tag="tag"):
    """Hold a tag to the reader: starts, or stops what it started."""

    id_tag: IdTag | None = None
    connector_id: (
        Annotated[ConnectorId, Meta(description="The reader's connector, if it has one each.")] | None
    ) = None

    def act(self, stage: Stage) -> None:
        stage.runner.happen(TagPresented(self.id_tag or stage.id_tag, self.connector_id))


class StartCharging(Action, frozen=True, tag="start"):
    """Plug in, if need be, and present the tag."""

    id_tag: IdTag | None = None
    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        if not stage.core.connectors.outlet(self.connector_id).vehicle:
            plug_in(stage, self.connector_id, some_car(stage.cars))
        stage.runner.happen(TagPresented(self.id_tag or stage.id_tag, self.connector_id))


class PressStop(Action, frozen=True, tag="stop"):
    """End the transaction at the station."""

    connector_id: ConnectorId = 1
    reason: Annotated[Reason, Meta(description="What the station reports as the reason.")] = Reason.LOCAL

    def act(self, stage: Stage) -> None:
        stage.runner.happen(StopPressed(self.connector_id, self.reason))


class RaiseFault(Action, frozen=True, tag="fault"):
    """A fault shows, at a connector or at the station itself."""

    error_code: Annotated[ChargePointErrorCode, Meta(description="An error code such as GroundFailure.")]
    connector_id: ConnectorOrStation = 1
    info: Annotated[str, Meta(max_length=50, description="Free text for StatusNotification.")] = ""

    def act(self, stage: Stage) -> None:
        blocking = self.error_code not in WARNINGS
        stage.runner.happen(
            FaultRaised(
                connector_id=self.connector_id,
                error_code=self.error_code,
                blocking=blocking,
                info=self.info,
            )
        )


class ClearFault(Action, frozen=True, tag="clear"):
    """The fault is repaired."""

    connector_id: ConnectorOrStation = 1

    def act(self, stage: Stage) -> None:
        stage.runner.happen(FaultCleared(self.connector_id))


class Configure(Action, frozen=True, tag="set"):
    """Set a configuration key at the station, by the rules of ChangeConfiguration."""

    typed_rest: ClassVar[bool] = True

    key: Annotated[str, Meta(min_length=1, max_length=50, description="The key, as in HeartbeatInterval.")]
    value: Annotated[str, Meta(max_length=500, description="Its value.")] = ""

    def act(self, stage: Stage) -> None:
        stage.runner.happen(SettingChanged(self.key, self.value))


class SendData(Action, frozen=True, tag="data"):
    """Send a vendor's message by DataTransfer."""

    typed_rest: ClassVar[bool] = True

    vendor_id: VendorId
    message_id: Annotated[str, Meta(max_length=50, description="Its messageId, if it has one.")] | None = None
    data: Annotated[str, Meta(description="Its data.")] | None = None

    def act(self, stage: Stage) -> None:
        stage.runner.happen(DataSent(self.vendor_id, self.message_id, self.data or None))


class AnswerData(Action, frozen=True, tag="answer"):
    """Know a vendor's message from now on, and answer it so."""

    typed_rest: ClassVar[bool] = True

    vendor_id: VendorId
    message_id: Annotated[str, Meta(max_length=50, description="Its messageId, * for any or none.")] = "*"
    status: Annotated[DataTransferStatus, Meta(description="The answer.")] = DataTransferStatus.ACCEPTED
    data: Annotated[str, Meta(description="Data in return.")] | None = None

    def act(self, stage: Stage) -> None:
        response = DataTransferResponse(status=self.status, data=self.data or UNSET)
        message_id = None if self.message_id == "*" else self.message_id
        stage.core.data_transfers.register(self.vendor_id, message_id, lambda _: response)


class GoOffline(Action, frozen=True, tag="offline"):
    """Lose the network."""

    def act(self, stage: Stage) -> None:
        stage.runner.go_offline()


class GoOnline(Action, frozen=True, tag="online"):
    """Get the network back."""

    def act(self, stage: Stage) -> None:
        stage.runner.go_online()


def plug_in(stage: Stage, connector_id: int, vehicle: Vehicle) -> None:
    """Let this car plug in; raises ImpossibleHappening where one hangs already."""
    connector = stage.core.connectors.outlet(connector_id)
    if connector.vehicle:
        raise ImpossibleHappening(f"a vehicle is plugged into connector {connector.id} already")
    stage.device.outlet(connector.id).attach(vehicle, stage.runner.moment.monotonic)
    stage.runner.happen(CablePlugged(connector.id))


VERBS: Mapping[str, Verb] = table_of(
    PlugIn,
    Unplug,
    Present,
    StartCharging,
    PressStop,
    RaiseFault,
    ClearFault,
    Configure,
    SendData,
    AnswerData,
    PlugInMake,
    GoOffline,
    GoOnline,
    *FAULTS,
)
