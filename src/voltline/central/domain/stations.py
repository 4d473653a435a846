"""Charge points as the central system knows them, and who of them is let in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

from msgspec import UNSET, Struct, UnsetType

StationKey = NewType("StationKey", int)
"""The number by which the rest of the data refers to a charge point; it never changes."""


class RegistrationPolicy(StrEnum):
    """What becomes of a charge point that nobody has registered."""

    ACCEPT_ALL = "accept-all"
    KNOWN_ONLY = "known-only"
    PENDING = "pending"


class Registration(StrEnum):
    """Where a charge point stands; the words of RegistrationStatus (S 7.29)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class RegistrationRules(Struct, frozen=True, kw_only=True):
    """How BootNotification is answered."""

    policy: RegistrationPolicy = RegistrationPolicy.ACCEPT_ALL
    heartbeat_interval_s: int = 300
    retry_interval_s: int = 60
    """Told to charge points that are not accepted: the wait until their next BootNotification (BOO-07)."""


class Station(Struct, frozen=True, kw_only=True):
    """A charge point. Everything but key, identity and registration is as it last said itself."""

    key: StationKey
    identity: str
    """As it was spelled when it was first registered; compared without regard to case."""
    registration: Registration
    registered_at: datetime
    vendor: str | None = None
    model: str | None = None
    charge_point_serial_number: str | None = None
    charge_box_serial_number: str | None = None
    firmware_version: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    meter_type: str | None = None
    meter_serial_number: str | None = None
    last_boot_at: datetime | None = None
    last_heard_at: datetime | None = None
    """Any message counts (HBT-05). Written now and then only, so it may be a minute old."""
    last_connected_at: datetime | None = None
    last_disconnected_at: datetime | None = None
    name: str | None = None
    """What its operator calls it."""
    notes: str | None = None
    strict: bool | None = None
    """Whether its messages are read strictly; None: as set for all."""
    heartbeat_interval_s: int | None = None
    """Told to it at its boot; None: as set for all."""
    decided: bool | None = None
    """Whether an operator decided its registration, so that no policy changes it."""
    removed_at: datetime | None = None
    """When it was removed; its history stays. It is registered anew when it may come back."""

    @property
    def removed(self) -> bool:
        return self.removed_at is not None


class StationEdit(Struct, frozen=True, kw_only=True):
    """What an operator changes; UNSET leaves it as it is."""

    registration: Registration | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    strict: bool | UnsetType | None = UNSET


class StationFilter(Struct, frozen=True, kw_only=True):
    """Which charge points; None: whichever."""

    registration: Registration | None = None
    vendor: str | None = None
    """In any case."""
    text: str | None = None
    """Part of the identity, name, vendor, model or a serial number, in any case."""
    removed: bool = False
    """Those that were removed, instead of those that were not."""


class StationRegistered(Struct, frozen=True, kw_only=True):
    """charge-point.registered: what an operator, or the policy, decided."""

    registration: str
    name: str | None


class StationRemoved(Struct, frozen=True, kw_only=True):
    """charge-point.removed."""

    registration: str


class Boot(Struct, frozen=True, kw_only=True):
    """A BootNotification as the history has it."""

    id: int
    vendor: str | None
    model: str | None
    charge_point_serial_number: str | None
    charge_box_serial_number: str | None
    firmware_version: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial_number: str | None
    answered: str
    received_at: datetime


class Connectivity(Struct, frozen=True, kw_only=True):
    """A connection as the history has it."""

    id: int
    remote: str
    """The address that it came from."""
    connected_at: datetime
    disconnected_at: datetime | None
    """None: it is connected."""
    reason: str | None
    """Why it ended."""


class Registered(Struct, frozen=True):
    """The answer to a boot: status, and the interval in seconds that goes with it (S 6.4)."""

    status: Registration
    interval_s: int


def first_registration(policy: RegistrationPolicy) -> Registration | None:
    """What a charge point that was never seen before becomes; None: it is not let in."""
    match policy:
        case RegistrationPolicy.ACCEPT_ALL:
            return Registration.ACCEPTED
        case RegistrationPolicy.PENDING:
            return Registration.PENDING
        case RegistrationPolicy.KNOWN_ONLY:
            return None


def registration_now(policy: RegistrationPolicy, station: Station) -> Registration:
    """Where a registered charge point stands: who waited for approval is accepted once all are.

    Not so one that an operator has wait.
    """
    waits = station.registration is Registration.PENDING and not station.decided
    if waits and policy is RegistrationPolicy.ACCEPT_ALL:
        return Registration.ACCEPTED
    return station.registration


def boot_answer(
    rules: RegistrationRules, registration: Registration, heartbeat_interval_s: int | None = None
) -> Registered:
    """BootNotification.conf without its time: the interval is that of heartbeats, or of new attempts.

    `heartbeat_interval_s` is the charge point's own, where it has one.
    """
    if registration is not Registration.ACCEPTED:
        return Registered(registration, rules.retry_interval_s)
    return Registered(registration, heartbeat_interval_s or rules.heartbeat_interval_s)
