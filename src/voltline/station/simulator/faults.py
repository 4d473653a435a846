"""Faults on demand, as verbs: of the line, the meter, the clock, the power, lock and contactor.

They are rows of the table in `actions`, and so known to the prompt, the control API and scenarios.
"""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from typing import Annotated

from msgspec import Meta

from voltline.messages import ChargePointErrorCode
from voltline.quirks import Quirks
from voltline.station.core.happenings import (
    FaultCleared,
    FaultRaised,
    ImpossibleHappening,
    LimitChanged,
    VehicleReady,
    VehicleUnplugged,
    WatchdogFired,
)
from voltline.station.simulator.habits import habits_of
from voltline.station.simulator.spoiling import MALFORMED, Harm, Spoil, Which, malformed
from voltline.station.simulator.verbs import Action, ConnectorId, ConnectorOrStation, Stage

Seconds = Annotated[float, Meta(ge=0)]
Kind = Enum("Kind", [(name.upper().replace("-", "_"), name) for name in MALFORMED], type=str)  # type: ignore[misc]
"""The kinds of malformed frames."""


# ---- the line


class SpoilFrames(Action, frozen=True, tag="spoil"):
    """The next frames of a kind come to harm: late, twice, never, wrong-id, garbled, empty or refused."""

    which: Annotated[Which, Meta(description="answers, requests, or replies to the station's requests.")]
    harm: Annotated[Harm, Meta(description="What happens to them.")]
    times: Annotated[int, Meta(ge=0, description="To how many; 0 is until 'behave'.")] = 1
    seconds: Annotated[Seconds, Meta(description="How late a late one is.")] = 35.0

    def act(self, stage: Stage) -> None:
        stage.line.add(Spoil(self.which, self.harm, self.times, self.seconds))


class HaveQuirk(Action, frozen=True, tag="quirk"):
    """Get wrong what is known of some charge points; 'voltline quirks list' names it."""

    quirk: Annotated[str, Meta(min_length=1, description="The id of the quirk.")]

    def act(self, stage: Stage) -> None:
        found = stage.quirks.get(self.quirk)
        if found is None:
            known = ", ".join(sorted(one.id for one in stage.quirks))
            raise ImpossibleHappening(f"there is no quirk {self.quirk!r}; there are {known}")

        def reboot() -> None:
            with suppress(ImpossibleHappening):  # it is restarting already
                stage.runner.happen(WatchdogFired())

        for habit in habits_of(Quirks([found]), reboot):
            stage.line.add(habit)
        stage.device.misread(found.facts.reading_faults)


class Behave(Action, frozen=True, tag="behave"):
    """Frames and readings come to no harm any more, but what the make of the station does to them."""

    def act(self, stage: Stage) -> None:
        stage.line.behave()
        stage.device.read_right()


class SendMalformed(Action, frozen=True, tag="garble"):
    """Send a frame that no charge point should send."""

    kind: Annotated[Kind, Meta(description="What is wrong with it.")]

    def act(self, stage: Stage) -> None:
        _require_link(stage)
        stage.line.transmit(malformed(self.kind.value))


class SendText(Action, frozen=True, tag="send"):
    """Send this text as it stands."""

    typed_rest = True

    text: Annotated[str, Meta(max_length=1_000_000, description="The whole frame.")]

    def act(self, stage: Stage) -> None:
        _require_link(stage)
        stage.line.transmit(self.text)


class CutLine(Action, frozen=True, tag="cut"):
    """Half-open: nothing gets through in either direction any more, and nobody is told."""

    def act(self, stage: Stage) -> None:
        stage.line.cut()


class MendLine(Action, frozen=True, tag="mend"):
    """What is sent gets through again."""

    def act(self, stage: Stage) -> None:
        stage.line.mend()


class DropLine(Action, frozen=True, tag="drop"):
    """Close the connection; the station makes a new one."""

    def act(self, stage: Stage) -> None:
        _require_link(stage)
        stage.line.drop()


# ---- power


class LosePower(Action, frozen=True, tag="blackout"):
    """Power is gone at once, and comes back after a while."""

    seconds: Annotated[Seconds, Meta(description="How long it is dark.")] = 5.0

    def act(self, stage: Stage) -> None:
        stage.lose_power(self.seconds)


class Reboot(Action, frozen=True, tag="reboot"):
    """The station restarts by itself; more than once is a loop, one restart at every boot."""

    times: Annotated[int, Meta(ge=1, description="How often, one after the other.")] = 1

    def act(self, stage: Stage) -> None:
        stage.runner.happen(WatchdogFired())
        left = self.times - 1
        if not left:
            return

        def look() -> None:
            nonlocal left
            if stage.core.registration.online and left:
                left -= 1
                if not left:
                    forget()
                stage.runner.happen(WatchdogFired())

        forget = stage.runner.on_change(look)


class FailReboots(Action, frozen=True, tag="stuck"):
    """The next restarts fail; after ResetRetries of them the station tells ResetFailure and goes on."""

    times: Annotated[int, Meta(ge=0, description="How many; 0 lets the next one work.")] = 1

    def act(self, stage: Stage) -> None:
        stage.runner.failing_reboots = self.times


# ---- meter and clock


class RollMeterBack(Action, frozen=True, tag="rollback"):
    """The meter's register of imported energy turns back."""

    energy_wh: Annotated[float, Meta(gt=0, description="By how many watt hours.")] = 1000.0
    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        connector = stage.core.connectors.outlet(self.connector_id)
        outlet = stage.device.outlet(connector.id)
        outlet.advance(stage.runner.moment.monotonic)
        outlet.roll_back(self.energy_wh)


class PutClockOff(Action, frozen=True, tag="clock"):
    """The station's clock goes wrong; it follows the central system's again at the next heartbeat."""

    seconds: Annotated[float, Meta(description="By so much it is ahead; behind with less than 0.")]

    def act(self, stage: Stage) -> None:
        stage.clock.put_off(self.seconds)


# ---- what bears on charging


class LimitSite(Action, frozen=True, tag="limit"):
    """The site allows so many amperes on each phase, and no limit without a number."""

    connector_id: ConnectorOrStation = 1
    current_a: Annotated[float, Meta(ge=0, description="Amperes; below 6 the car waits.")] | None = None

    def act(self, stage: Stage) -> None:
        stage.runner.happen(LimitChanged(self.connector_id, self.current_a))


class PullCable(Action, frozen=True, tag="pull"):
    """The cable is pulled at the car; at the station it stays in."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        connector = stage.core.connectors.outlet(self.connector_id)
        stage.runner.happen(VehicleUnplugged(connector.id))
        stage.device.outlet(connector.id).attach(None, stage.runner.moment.monotonic)


class JamLock(Action, frozen=True, tag="jam"):
    """The lock of the socket does not obey any more; it shows when it is used next."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        stage.device.jam_lock(stage.core.connectors.outlet(self.connector_id).id)


class WeldContactor(Action, frozen=True, tag="weld"):
    """The contactor does not open any more; it shows when it should."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        stage.device.outlet(stage.core.connectors.outlet(self.connector_id).id).weld(True)


class LoseVehicle(Action, frozen=True, tag="mute"):
    """Station and car do not understand each other: EVCommunicationError."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        connector = stage.core.connectors.outlet(self.connector_id)
        # Without the pilot signal the car cannot ask for energy; only then may the error be told (4.9).
        stage.runner.happen(VehicleReady(connector.id, ready=False))
        code = ChargePointErrorCode.EV_COMMUNICATION_ERROR
        stage.runner.happen(
            FaultRaised(connector_id=connector.id, error_code=code, blocking=False, info="pilot lost")
        )


class FeedBack(Action, frozen=True, tag="feed"):
    """The car feeds energy back, or takes it again."""

    connector_id: ConnectorId = 1
    on: Annotated[bool, Meta(description="Whether it does.")] = True

    def act(self, stage: Stage) -> None:
        outlet = stage.device.outlet(stage.core.connectors.outlet(self.connector_id).id)
        if outlet.vehicle is None:
            raise ImpossibleHappening(f"no vehicle is plugged into connector {self.connector_id}")
        outlet.advance(stage.runner.moment.monotonic)
        outlet.vehicle.feeds_back = self.on


class Repair(Action, frozen=True, tag="repair"):
    """Lock, contactor and pilot work again, and the fault is cleared."""

    connector_id: ConnectorId = 1

    def act(self, stage: Stage) -> None:
        connector = stage.core.connectors.outlet(self.connector_id)
        stage.device.repair(connector.id, connector.energized, stage.runner.moment)
        if connector.fault is not None:
            stage.runner.happen(FaultCleared(connector.id))
        outlet = stage.device.outlet(connector.id)
        if connector.vehicle and connector.vehicle_ready is not outlet.vehicle_is_ready:
            stage.runner.happen(VehicleReady(connector.id, outlet.vehicle_is_ready))


def _require_link(stage: Stage) -> None:
    if not stage.runner.linked:
        raise ImpossibleHappening("the station is not connected")


FAULTS: tuple[type[Action], ...] = (
    SpoilFrames,
    HaveQuirk,
    Behave,
    SendMalformed,
    SendText,
    CutLine,
    MendLine,
    DropLine,
    LosePower,
    Reboot,
    FailReboots,
    RollMeterBack,
    PutClockOff,
    LimitSite,
    PullCable,
    JamLock,
    WeldContactor,
    LoseVehicle,
    FeedBack,
    Repair,
)
"""For the table of verbs."""
