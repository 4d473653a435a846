"""What is known of a station at a moment of its log. The engine keeps it; detectors only read it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from voltline.inspection.events import Exchange
from voltline.inspection.records import Record
from voltline.inspection.sessions import Session
from voltline.messages import (
    BootNotification,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingRateUnit,
    RegistrationStatus,
)
from voltline.smart_charging.stack import Installed, limit_at
from voltline.smart_charging.stack import Session as RunningTransaction

__all__ = ["Connector", "Facts"]


@dataclass(slots=True, eq=False)
class Connector:
    """What is known of a connector; number 0 is the charge point itself."""

    number: int
    status: ChargePointStatus | None = None
    """The latest that it reported; None before it did."""
    previous_status: ChargePointStatus | None = None
    error_code: ChargePointErrorCode | None = None
    status_at: datetime | None = None
    """Since when: by the station's time if it gave one, else by the log's."""
    status_record: Record | None = None
    session: Session | None = None
    """The session that is open on it."""
    last_session: Session | None = None
    """The session that ended last."""


@dataclass(slots=True, eq=False)
class Facts:
    """Everything that more than one detector wants to know of one station.

    Times are aware. All of it is what the log has shown so far: what stands before the log is not known,
    and absent here.
    """

    station: str
    now: datetime | None = None
    """The latest time of the log."""
    first_at: datetime | None = None
    """The first time of the log."""
    last_frame: Record | None = None
    """The latest frame, of either side."""
    notes: int = 0
    """Vendor text lines seen."""
    configuration: dict[str, str | None] = field(default_factory=dict)
    """Configuration keys as GetConfiguration told or an accepted ChangeConfiguration set them; by lower
    case name. None: the key is known and has no value."""
    unknown_keys: set[str] = field(default_factory=set)
    """Keys, in lower case, that the station said it does not know."""
    boot: Exchange | None = None
    """The latest BootNotification."""
    boots: int = 0
    booted_at: datetime | None = None
    """When it was made, in the log's time."""
    registration: RegistrationStatus | None = None
    """What the central system answered to it last; None if the log has no answer."""
    interval_s: int | None = None
    """The heartbeat interval, from the answer to BootNotification or HeartbeatInterval."""
    connection: int = 0
    """Which of its connections this is, from 1; 0 is one that was open when the log began."""
    connected: bool | None = None
    """None where the log has no connection marks."""
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    connectors: dict[int, Connector] = field(default_factory=dict)
    sessions: dict[int, Session] = field(default_factory=dict)
    """The open sessions by transaction id. Sessions without an id are in `connectors` only."""
    profiles: list[Installed] = field(default_factory=list)
    """The charging profiles that the station accepted and, as far as is known, still has."""
    clock_offset_s: float | None = None
    """The station's clock minus the log's, the median of the latest fresh messages."""
    replaying: bool = False
    """The station is delivering what it had queued while it was offline: payload times are old, and many
    messages come at once. No fault."""
    gaps: int = 0
    """Holes in the log so far: a charge point that sends heartbeats said nothing for three intervals, and
    then neither booted nor connected anew. Whatever was known before may have changed meanwhile."""
    passed: Record | None = None
    """The latest routine message or answer to one: who rests was not shown it."""
    passed_metered: Record | None = None
    """The latest routine MeterValues or answer to them."""
    passed_call: Record | None = None
    """The latest routine MeterValues."""
    passed_heartbeat: Exchange | None = None
    """The latest routine answer to a Heartbeat."""
    told_year: int | None = None
    """The year of the latest time in a request of the charge point."""
    whole_seconds: bool = True
    """No CALL so far had a fraction of a second in the log's time."""
    has_voltage_of_phases: bool = False
    """Whether its meter values ever had one."""
    news: int = 0
    """Rises when a message, however everyday, changes one of `replaying`, `told_year` and
    `has_voltage_of_phases`."""
    answers_from_station: int = 0
    answers_from_central: int = 0
    """Answers seen from each side: where one side has none in a long log, that side was not captured."""
    calls: dict[str, int] = field(default_factory=dict)
    """Calls of either side by their action, of the first 100 actions."""
    calls_from_station: int = 0
    calls_from_central: int = 0
    live: bool = False
    """The records are of traffic that is seen as it happens, whole and undamaged; no log was kept."""
    ended: bool = False
    """The log is at its end."""

    @property
    def model(self) -> tuple[str, str, str] | None:
        """Vendor, model and firmware (empty if not told) of the latest BootNotification."""
        boot = None if self.boot is None else self.boot.request
        if not isinstance(boot, BootNotification):
            return None
        firmware = boot.firmware_version
        return (
            boot.charge_point_vendor,
            boot.charge_point_model,
            firmware if isinstance(firmware, str) else "",
        )

    def connector(self, number: int) -> Connector:
        """The connector of this number, made known if it was not."""
        found = self.connectors.get(number)
        if found is None:
            found = self.connectors[number] = Connector(number)
        return found

    def setting(self, key: str) -> str | None:
        """The value of a configuration key, None if it is not known."""
        return self.configuration.get(key.lower())

    def number(self, key: str) -> int | None:
        """The same as a whole number; None if it is not known or is no number."""
        value = self.configuration.get(key.lower())
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            return None

    def since_boot(self) -> timedelta | None:
        """How long ago it booted, by the log's time; None if that is not known."""
        return None if self.booted_at is None or self.now is None else self.now - self.booted_at

    def limit_a(self, connector: int, at: datetime) -> float | None:
        """What charging profiles allow the connector at that moment, in A a phase; None if none says.

        The lowest of ChargePointMaxProfile and of TxProfile or TxDefaultProfile (OCPP 1.6, 3.13.3). Watt
        are turned into ampere for 230 V and the phases that the period names, three if none.
        """
        known = self.connectors.get(connector)
        session = None if known is None else known.session
        running = None
        if session is not None:
            running = RunningTransaction(session.transaction_id, connector, session.started_at or at)
        limit = limit_at(self.profiles, connector, at, running)
        return None if limit is None else limit.in_unit(ChargingRateUnit.A)

    def listens_to(self, *, station: bool) -> bool:
        """Whether the log holds answers of that side at all; only then is a missing one conspicuous.

        Before it has answered anything, where its own calls are in the log and so are the other's answers.
        """
        if self.live:
            return True
        if station:
            answers, asked = self.answers_from_station, self.calls_from_central
            recorded = self.calls_from_station > 0 and self.answers_from_central > 0
        else:
            answers, asked = self.answers_from_central, self.calls_from_station
            recorded = self.calls_from_central > 0 and self.answers_from_station > 0
        return answers > 0 or (recorded and asked < _ENOUGH_CALLS)

    @property
    def hears_central(self) -> bool:
        """Whether the log holds anything that the central system sent."""
        return self.live or self.calls_from_central > 0 or self.answers_from_central > 0


_ENOUGH_CALLS = 5
"""So many CALLs without a single answer from the other side: that side is not in the log."""
