"""Charge points as the central system knows them, and who of them is let in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

from msgspec import Struct

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


def registration_now(policy: RegistrationPolicy, recorded: Registration) -> Registration:
    """Where a registered charge point stands: who waited for approval is accepted once all are."""
    if recorded is Registration.PENDING and policy is RegistrationPolicy.ACCEPT_ALL:
        return Registration.ACCEPTED
    return recorded


def boot_answer(rules: RegistrationRules, registration: Registration) -> Registered:
    """BootNotification.conf without its time: the interval is that of heartbeats, or of new attempts."""
    accepted = registration is Registration.ACCEPTED
    return Registered(registration, rules.heartbeat_interval_s if accepted else rules.retry_interval_s)
