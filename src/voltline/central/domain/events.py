"""What happened, told to whoever wants to know: the kinds of events, and what each says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Raw, Struct


class EventKind(StrEnum):
    """The kinds of events. The word before the dot is the subject."""

    CHARGE_POINT_CONNECTED = "charge-point.connected"
    CHARGE_POINT_DISCONNECTED = "charge-point.disconnected"
    CHARGE_POINT_BOOTED = "charge-point.booted"
    CHARGE_POINT_REGISTERED = "charge-point.registered"
    CHARGE_POINT_REMOVED = "charge-point.removed"
    CONNECTOR_STATUS = "connector.status"
    TRANSACTION_STARTED = "transaction.started"
    TRANSACTION_UPDATED = "transaction.updated"
    TRANSACTION_STOPPED = "transaction.stopped"
    TRANSACTION_REPAIRED = "transaction.repaired"
    ID_TAG_CHANGED = "id-tag.changed"
    ID_TAG_UNKNOWN_SEEN = "id-tag.unknown-seen"
    LOCAL_LIST_SYNCED = "local-list.synced"
    RESERVATION_CHANGED = "reservation.changed"
    JOB_CHANGED = "job.changed"
    CONFIGURATION_CHANGED = "configuration.changed"
    PROFILE_CHANGED = "profile.changed"
    SITE_CHANGED = "site.changed"
    SITE_ALLOCATED = "site.allocated"
    SITE_FINDING = "site.finding"
    SECURITY_EVENT = "security.event"
    DEVIATION = "deviation"
    FINDING_OPENED = "finding.opened"
    FINDING_REOPENED = "finding.reopened"
    FINDING_CLOSED = "finding.closed"
    QUARANTINE_ADDED = "quarantine.added"
    QUARANTINE_REPAIRED = "quarantine.repaired"


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    id: int
    """Rises with every event."""
    kind: str
    """An `EventKind`, or one of a newer Voltline."""
    charge_point: str | None
    """Its identity; None where the event concerns none."""
    at: datetime
    """By the central system's clock."""
    subject: Raw
    """What it is about, as a JSON object."""


class Connected(Struct, frozen=True, kw_only=True):
    """charge-point.connected: how it stands with the central system."""

    registration: str


class Disconnected(Struct, frozen=True, kw_only=True):
    """charge-point.disconnected: nothing is known beyond that."""


class Booted(Struct, frozen=True, kw_only=True):
    """charge-point.booted: what it said of itself, and what it was told."""

    answered: str
    vendor: str
    model: str
    firmware_version: str | None


class ConnectorReported(Struct, frozen=True, kw_only=True):
    """connector.status: what a connector said; 0 is the charge point as a whole."""

    connector_id: int
    status: str
    error_code: str
    info: str | None
    vendor_error_code: str | None
    since: datetime


class TransactionStarted(Struct, frozen=True, kw_only=True):
    """transaction.started."""

    transaction_id: int
    connector_id: int
    id_tag: str
    authorization_status: str
    started_at: datetime
    meter_start_wh: int


class TransactionUpdated(Struct, frozen=True, kw_only=True):
    """transaction.updated: the last readings of a running transaction, each as its meter named it."""

    transaction_id: int
    connector_id: int
    measured_at: datetime
    meter_wh: float | None
    """The register, where it was among them."""
    energy_wh: float | None
    """What was charged since the start; None where the register does not go on from there."""
    power_w: float | None
    readings: dict[str, str]
    """Value by measurand and, after a slash, phase; with the unit after a space where one was sent."""


class TransactionStopped(Struct, frozen=True, kw_only=True):
    """transaction.stopped."""

    transaction_id: int
    connector_id: int
    id_tag: str
    stopped_at: datetime
    meter_stop_wh: int
    energy_wh: int
    reason: str


class TransactionRepaired(Struct, frozen=True, kw_only=True):
    """transaction.repaired: what was known of a transaction is changed after the fact; see /repairs."""

    transaction_id: int
    repair_id: int
    kind: str
    who: str
    active: bool
    energy_wh: int | None


class QuarantineAdded(Struct, frozen=True, kw_only=True):
    """quarantine.added: a message that could not be placed."""

    action: str
    reason: str


class QuarantineRepaired(Struct, frozen=True, kw_only=True):
    """quarantine.repaired: a message in quarantine was placed or discarded; see /repairs."""

    quarantine_id: int
    repair_id: int
    state: str
    who: str
    transaction_id: int | None


class Deviated(Struct, frozen=True, kw_only=True):
    """deviation: the first of its kind from this charge point today."""

    action: str
    kind: str
    path: str
    text: str
