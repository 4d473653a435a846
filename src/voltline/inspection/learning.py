"""Keeps the facts of a station: what each event teaches about it."""

from collections import deque
from datetime import UTC, datetime, timedelta, timezone
from statistics import median_high
from typing import Final

from msgspec import UNSET

from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Exchange,
    Note,
    Unanswered,
)
from voltline.inspection.facts import Facts
from voltline.inspection.records import RecordKind
from voltline.messages import (
    BootNotificationResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    ConfigurationStatus,
    GetConfigurationResponse,
    Payload,
    RegistrationStatus,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
    StatusNotification,
)
from voltline.smart_charging.stack import Installed

__all__ = ["Learner"]

OLD_S: Final = 90.0
"""A message whose own time lies so much further back than usual was queued, or its meter clock is off."""
LEAST_GAP: Final = timedelta(minutes=5)
"""A shorter silence is no hole in the log."""
GAP_INTERVALS: Final = 3.0
"""So many heartbeat intervals of silence are one."""
SAME_S: Final = 10.0
"""Messages of a clock that was set back are as old as each other within this."""
OLD_SAMPLES: Final = 6
"""So many in a row, each as old as the others: the clock was set back."""
FRESH_SAMPLES: Final = 15
STEADY_S: Final = 2.0
"""Offsets that differ by less are the same: the median need not be taken again."""
MOST_KEYS: Final = 500
MOST_ACTIONS: Final = 100
MOST_PROFILES: Final = 100


class Learner:
    """Feeds one station's facts. It comes before any detector sees the event."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._offsets: deque[float] = deque(maxlen=FRESH_SAMPLES)
        self._old: deque[tuple[float, datetime]] = deque(maxlen=OLD_SAMPLES)
        """The latest messages that were older than usual: by how much, and when they came."""
        self._replayed_at: datetime | None = None
        self._quiet_until = _BEFORE_ALL
        """Until then no silence can have been a hole in the log, and no queue is being delivered."""
        self._marks = False
        """The log marks where connections are opened."""
        self._beats = 0
        """Heartbeats so far."""
        self._beat_at: datetime | None = None
        self._longest_s = 0.0
        """The longest time without any line, in s, of those worth a look."""
        self._beat_s = 0.0
        """The time between the latest two, in s."""

    def heard(self, event: Event) -> None:
        """Bring the facts up to what an event says that is neither a Call nor Answered."""
        self._pass_time(event, event.at)
        facts = self.facts
        kind = type(event)
        if event.record.kind is RecordKind.FRAME and kind is not Unanswered:
            facts.last_frame = event.record
        if kind is Note:
            facts.notes += 1
        elif isinstance(event, Connected):
            if event.record.kind is RecordKind.CONNECTED:
                self._marks = True
            elif self._marks and not facts.live:
                self._has_hole()  # all connections are marked, but not this one
            facts.connection = event.connection
            facts.connected, facts.connected_at = True, event.at
        elif isinstance(event, Disconnected) and event.connection == facts.connection:
            facts.connected, facts.disconnected_at = False, event.at

    def _pass_time(self, event: Event, at: datetime | None) -> None:
        if at is None:
            return
        facts = self.facts
        if facts.first_at is None:
            facts.first_at = at
        now = facts.now
        if now is None:
            facts.now = at
        elif at > now:
            facts.now = at
            if at - now > LEAST_GAP:
                self._was_silent(event, (at - now).total_seconds())
        if facts.replaying and self._replayed_at is not None:
            # What is delivered of a queue comes in one go.
            facts.replaying = (at - self._replayed_at).total_seconds() <= OLD_S
            facts.news += 1
        self._quiet_until = _BEFORE_ALL if facts.replaying else at + LEAST_GAP

    def _was_silent(self, event: Event, silence_s: float) -> None:
        """Tell a hole of the log from a charge point that was away, or that needs no heartbeats."""
        facts = self.facts
        if facts.live:
            return
        usual_s = facts.interval_s or self._beat_s
        longest_s, self._longest_s = self._longest_s, max(self._longest_s, silence_s)
        if not usual_s or silence_s <= GAP_INTERVALS * usual_s:
            return
        if not self._beats and (longest_s > 2 * usual_s or self._known_s() < 10 * usual_s + silence_s):
            return  # it may leave heartbeats to pings
        connects = event.record.kind is RecordKind.CONNECTED
        boots = type(event) is Call and event.exchange.name == "BootNotification"
        unmarked = facts.connected is False and facts.connected_at is None
        if connects or boots or unmarked:
            return
        self._has_hole()

    def _known_s(self) -> float:
        first, now = self.facts.first_at, self.facts.now
        return 0.0 if first is None or now is None else (now - first).total_seconds()

    def _has_hole(self) -> None:
        facts = self.facts
        facts.gaps += 1
        facts.profiles = []
        for connector in facts.connectors.values():
            connector.status = connector.previous_status = connector.status_at = None

    # ---- calls

    def asked(self, event: Call) -> None:
        """Bring the facts up to what a Call says."""
        facts = self.facts
        at = event.at
        if at is None or at > self._quiet_until:
            self._pass_time(event, at)
        elif at > facts.now:  # type: ignore[operator]  # nothing is quiet before the first time
            facts.now = at
        facts.last_frame = event.record
        exchange = event.exchange
        name = exchange.name
        calls = facts.calls
        count = calls.get(name, 0)
        if count or len(calls) < MOST_ACTIONS:
            calls[name] = count + 1
        if facts.whole_seconds and at is not None and at.microsecond:
            facts.whole_seconds = False
        if not exchange.from_station:
            facts.calls_from_central += 1
            return
        facts.calls_from_station += 1
        told_at = exchange.told_at
        if told_at is not None:
            if told_at.year != facts.told_year:
                facts.told_year = told_at.year
                facts.news += 1
            if at is not None:
                self._clock(told_at, at)
        if name in _TEACHING_CALLS:
            self._told(exchange, at)

    def _told(self, exchange: Exchange, at: datetime | None) -> None:
        facts = self.facts
        name = exchange.name
        if name == "Heartbeat":
            self._beats_at(at)
        elif isinstance(exchange.request, StatusNotification):
            self._status(exchange, exchange.request)
        elif name == "BootNotification":
            facts.boot = exchange
            facts.boots += 1
            facts.booted_at = at

    def _beats_at(self, at: datetime | None) -> None:
        before, self._beat_at = self._beat_at, at
        self._beats += 1
        if at is not None and before is not None and at > before:
            self._beat_s = (at - before).total_seconds()

    def _clock(self, told_at: datetime, at: datetime) -> None:
        """A message from a queue is older than usual; so is all that a clock tells that was set back.

        Ages in a queue differ, as they came one after the other and go all at once. A clock that was set back
        stays as far back, message for message.
        """
        facts = self.facts
        offset = (told_at - at).total_seconds()
        usual = facts.clock_offset_s
        old = usual is not None and offset < usual - OLD_S
        if old:
            self._old.append((offset, at))
            offsets = [one for one, _ in self._old]
            lasting = len(offsets) == OLD_SAMPLES and (at - self._old[0][1]).total_seconds() > OLD_S
            if not lasting or max(offsets) - min(offsets) > SAME_S:
                facts.replaying, self._replayed_at, self._quiet_until = True, at, _BEFORE_ALL
                facts.news += 1
                return
            self._offsets.clear()
            self._offsets.extend(offsets)
        if self._old:
            self._old.clear()
        if facts.replaying:
            facts.replaying = False
            facts.news += 1
        self._offsets.append(offset)
        if usual is None or old or abs(offset - usual) > STEADY_S:
            facts.clock_offset_s = median_high(self._offsets)

    def _status(self, exchange: Exchange, request: StatusNotification) -> None:
        connector = self.facts.connector(request.connector_id)
        connector.previous_status = connector.status
        connector.status = request.status
        connector.error_code = request.error_code
        connector.status_at = exchange.told_at or exchange.call.at
        connector.status_record = exchange.call

    # ---- answers

    def answered(self, event: Answered) -> None:
        """Bring the facts up to what an answer says."""
        facts = self.facts
        at = event.at
        if at is None or at > self._quiet_until:
            self._pass_time(event, at)
        elif at > facts.now:  # type: ignore[operator]  # nothing is quiet before the first time
            facts.now = at
        facts.last_frame = event.record
        exchange = event.exchange
        if exchange.from_station:
            facts.answers_from_central += 1
        else:
            facts.answers_from_station += 1
        response = exchange.response
        if type(response) in _TEACHING:
            self._taught(exchange, response)

    def _taught(self, exchange: Exchange, response: Payload | None) -> None:
        facts = self.facts
        if isinstance(response, BootNotificationResponse):
            facts.registration = response.status
            if response.interval > 0 and response.status is RegistrationStatus.ACCEPTED:
                facts.interval_s = response.interval
        elif isinstance(response, GetConfigurationResponse):
            self._configuration(response)
        elif isinstance(response, ChangeConfigurationResponse):
            request = exchange.request
            accepted = response.status in (ConfigurationStatus.ACCEPTED, ConfigurationStatus.REBOOT_REQUIRED)
            if accepted and isinstance(request, ChangeConfiguration):
                self._configured(request.key, request.value)
        elif isinstance(response, SetChargingProfileResponse):
            if response.status is ChargingProfileStatus.ACCEPTED:
                self._profile_set(exchange)
        elif isinstance(response, ClearChargingProfileResponse):
            if response.status is ClearChargingProfileStatus.ACCEPTED:
                self._profiles_cleared(exchange)
        elif isinstance(response, RemoteStartTransactionResponse):
            request = exchange.request
            if (
                response.status is RemoteStartStopStatus.ACCEPTED
                and isinstance(request, RemoteStartTransaction)
                and isinstance(request.charging_profile, ChargingProfile)
                and isinstance(request.connector_id, int)
            ):
                self._install(request.connector_id, request.charging_profile, exchange)

    def _configuration(self, response: GetConfigurationResponse) -> None:
        if isinstance(response.configuration_key, list):
            for one in response.configuration_key:
                self._configured(one.key, None if one.value is UNSET else str(one.value))
        if isinstance(response.unknown_key, list):
            known = self.facts.unknown_keys
            known.update(key.lower() for key in response.unknown_key[: max(0, MOST_KEYS - len(known))])

    def _configured(self, key: str, value: str | None) -> None:
        key = key.lower()
        facts = self.facts
        if len(facts.configuration) < MOST_KEYS or key in facts.configuration:
            facts.configuration[key] = value
        facts.unknown_keys.discard(key)
        if key == "heartbeatinterval":
            seconds = facts.number(key)
            if seconds is not None and seconds > 0:
                facts.interval_s = seconds

    # ---- charging profiles

    def _profile_set(self, exchange: Exchange) -> None:
        request = exchange.request
        if isinstance(request, SetChargingProfile):
            self._install(request.connector_id, request.cs_charging_profiles, exchange)

    def _install(self, connector_id: int, profile: ChargingProfile, exchange: Exchange) -> None:
        # OCPP 1.6, 5.16: one of the same id, or of the same level and purpose at the connector, is replaced.
        since = exchange.answered_at or exchange.asked_at or self.facts.now or _BEGINNING
        kept = [
            one
            for one in self.facts.profiles
            if one.profile.charging_profile_id != profile.charging_profile_id
            and not (
                one.connector_id == connector_id
                and one.profile.stack_level == profile.stack_level
                and one.profile.charging_profile_purpose == profile.charging_profile_purpose
            )
        ]
        self.facts.profiles = [*kept[-MOST_PROFILES:], Installed(connector_id, profile, since)]

    def _profiles_cleared(self, exchange: Exchange) -> None:
        request = exchange.request
        if isinstance(request, ClearChargingProfile):
            self.facts.profiles = [one for one in self.facts.profiles if not _is_cleared(one, request)]

    def transaction_ended(self, connector: int | None) -> None:
        """A TxProfile ends with its transaction (OCPP 1.6, 3.13.1)."""
        if self.facts.profiles:
            self.facts.profiles = [
                one
                for one in self.facts.profiles
                if one.connector_id != connector
                or one.profile.charging_profile_purpose is not ChargingProfilePurpose.TX_PROFILE
            ]


_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
"""Every time in UTC is later."""


def _is_cleared(one: Installed, request: ClearChargingProfile) -> bool:
    """OCPP 1.6, 5.5: an id names one; otherwise every given field must match."""
    profile = one.profile
    if isinstance(request.id, int):
        return profile.charging_profile_id == request.id
    return (
        request.connector_id in (UNSET, one.connector_id)
        and request.charging_profile_purpose in (UNSET, profile.charging_profile_purpose)
        and request.stack_level in (UNSET, profile.stack_level)
    )


_TEACHING_CALLS: Final = frozenset({"BootNotification", "Heartbeat", "StatusNotification"})
_TEACHING: Final = frozenset(
    {
        BootNotificationResponse,
        ChangeConfigurationResponse,
        ClearChargingProfileResponse,
        GetConfigurationResponse,
        RemoteStartTransactionResponse,
        SetChargingProfileResponse,
    }
)
