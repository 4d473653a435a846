"""What particular charge points get wrong, done wrong by a simulated one: the facts of `voltline.quirks`.

The same records tell a central system what to work around. Readings in the wrong unit are the meter's doing
(`simulator.meter.misread`); everything else shows on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from voltline.messages import (
    AvailabilityStatus,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    Mode,
    RemoteStartTransaction,
    Request,
    SetChargingProfile,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StopTransaction,
    action_of,
    encode,
    read_request,
    read_response,
)
from voltline.quirks import Facts, Quirks
from voltline.station.device.misbehaviour import Habit, MisbehavingLine
from voltline.wire.frames import CallFrame, CallResultFrame, Frame, encode_call, encode_result

R = TypeVar("R", bound=Request[Any])


def call_of(kind: type[R], frame: Frame) -> tuple[str, R] | None:
    """Message id and request of a CALL of this kind; None for every other frame."""
    action = action_of(kind)
    if not isinstance(frame, CallFrame) or frame.action != action.name:
        return None
    request = read_request(action, frame.payload, Mode.TOLERANT).message
    return (frame.message_id, request) if isinstance(request, kind) else None


class TooManyPeriods(Habit):
    """More periods in a schedule than it can cope with: it stalls, answers nonsense, and hangs up."""

    def __init__(self, at_most: int, stalls_s: float, answer: str | None, disconnects: bool) -> None:
        self._at_most = at_most
        self._stalls_s = stalls_s
        self._answer = answer
        self._disconnects = disconnects

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        call = call_of(SetChargingProfile, frame)
        if call is None:
            return False
        message_id, request = call
        periods = request.cs_charging_profiles.charging_schedule.charging_schedule_period
        if len(periods) <= self._at_most:
            return False

        def come_round() -> None:
            if self._answer is not None:
                line.transmit(encode_result(message_id, self._answer.encode()))
            if self._disconnects:
                line.drop()

        line.stall(self._stalls_s, come_round, f"a schedule of {len(periods)} periods is too much for it")
        return True


class IdleDrop(Habit):
    """It drops a connection over which nothing goes for so long."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._frames = 0

    def opened(self, line: MisbehavingLine) -> None:
        self._watch(line)

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        self._frames += 1
        return False

    hears = says

    def _watch(self, line: MisbehavingLine) -> None:
        before = self._frames

        def look() -> None:
            if not line.has(self):
                return
            if self._frames == before:
                line.drop()
            else:
                self._watch(line)

        line.later(self._after_s, look)


class RebootsAfterSetting(Habit):
    """It accepts the change of a configuration key, and reboots."""

    def __init__(self, keys: tuple[str, ...], reboot: Callable[[], None]) -> None:
        self._keys = {key.casefold() for key in keys}
        self._reboot = reboot
        self._asked: str | None = None

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        call = call_of(ChangeConfiguration, frame)
        if call is not None and call[1].key.casefold() in self._keys:
            self._asked = call[0]
        return False

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        if not isinstance(frame, CallResultFrame) or frame.message_id != self._asked:
            return False
        self._asked = None
        action = action_of(ChangeConfiguration)
        answer = read_response(action, frame.payload, Mode.TOLERANT).message
        if isinstance(answer, ChangeConfigurationResponse) and answer.status != ConfigurationStatus.REJECTED:
            line.later(0.0, self._reboot)
        return False


class StopBelowStart(Habit):
    """A transaction without energy ends with a meter value below that of its start."""

    def __init__(self, below_wh: int) -> None:
        self._below_wh = below_wh
        self._asked: dict[str, int] = {}
        self._started_wh: dict[int, int] = {}

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        if (start := call_of(StartTransaction, frame)) is not None:
            self._asked[start[0]] = start[1].meter_start
        call = call_of(StopTransaction, frame)
        if call is None:
            return False
        message_id, stop = call
        if self._started_wh.pop(stop.transaction_id, None) != stop.meter_stop:
            return False
        told = replace(stop, meter_stop=stop.meter_stop - self._below_wh)
        line.transmit(encode_call(message_id, "StopTransaction", encode(told)))
        return True

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        if isinstance(frame, CallResultFrame) and frame.message_id in self._asked:
            meter_start_wh = self._asked.pop(frame.message_id)
            answer = read_response(action_of(StartTransaction), frame.payload, Mode.TOLERANT).message
            if isinstance(answer, StartTransactionResponse):
                self._started_wh[answer.transaction_id] = meter_start_wh
        return False


class DeafToLongTags(Habit):
    """A remote start with a longer id tag than it can take is not answered."""

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        call = call_of(RemoteStartTransaction, frame)
        return call is not None and len(call[1].id_tag) > self._longest


class NoAvailabilityOfConnector0(Habit):
    """ChangeAvailability is Rejected on connector 0."""

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        call = call_of(ChangeAvailability, frame)
        if call is None or call[1].connector_id != 0:
            return False
        answer = encode(ChangeAvailabilityResponse(status=AvailabilityStatus.REJECTED))
        line.transmit(encode_result(call[0], answer))
        return True


class OnlyConnector0(Habit):
    """What a connector reports is reported of connector 0; what the station itself does is not."""

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        call = call_of(StatusNotification, frame)
        if call is None:
            return False
        message_id, report = call
        if report.connector_id == 0:
            # The station believes that it has said so.
            line.later(0.0, lambda: line.deliver(encode_result(message_id, b"{}")))
        else:
            told = encode(replace(report, connector_id=0))
            line.transmit(encode_call(message_id, "StatusNotification", told))
        return True


def habits_of(quirks: Quirks, reboot: Callable[[], None]) -> tuple[Habit, ...]:
    """The habits that show these quirks on the wire; `reboot` makes the station restart."""
    return tuple(habit for quirk in quirks for habit in _of_facts(quirk.facts, reboot))


def _of_facts(facts: Facts, reboot: Callable[[], None]) -> list[Habit]:
    habits: list[Habit] = []
    if facts.max_schedule_periods is not None:
        habits.append(
            TooManyPeriods(
                facts.max_schedule_periods,
                facts.stalls_above_max_periods_s or 0.0,
                facts.answers_above_max_periods,
                facts.disconnects_above_max_periods,
            )
        )
    if facts.drops_idle_socket_after_s is not None:
        habits.append(IdleDrop(facts.drops_idle_socket_after_s))
    if facts.reboots_after_setting:
        habits.append(RebootsAfterSetting(facts.reboots_after_setting, reboot))
    if facts.meter_stop_below_start_wh is not None:
        habits.append(StopBelowStart(facts.meter_stop_below_start_wh))
    if facts.max_remote_id_tag_length is not None:
        habits.append(DeafToLongTags(facts.max_remote_id_tag_length))
    if facts.rejects_availability_of_connector_0:
        habits.append(NoAvailabilityOfConnector0())
    if facts.reports_only_connector_0:
        habits.append(OnlyConnector0())
    return habits
