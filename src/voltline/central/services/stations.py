"""Charge points come, announce themselves, are heard of and go (S 4.2, 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from voltline.central.domain.events import Booted, Connected, Disconnected, EventKind
from voltline.central.domain.stations import (
    Registered,
    Registration,
    RegistrationPolicy,
    RegistrationRules,
    Station,
    StationKey,
    boot_answer,
    first_registration,
    registration_now,
)
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import BootNotification


def connected(unit: UnitOfWork, identity: str, policy: RegistrationPolicy, at: datetime) -> Station | None:
    """A charge point is at the door: who it is, or None if it must be refused (HTTP 404, WSC-09).

    A charge point that was never seen before is registered under the spelling it came with, where the
    policy lets it in. Its `registration` says whether it may send more than BootNotification: that
    persists, for a charge point need not boot after a reconnect (OCPP-J 5.4, BOO-19).
    """
    station = unit.stations.find(identity)
    if station is None:
        registration = first_registration(policy)
        if registration is None:
            return None
        station = unit.stations.add(identity, registration, at)
    elif (registration := registration_now(policy, station.registration)) is not station.registration:
        unit.stations.register(station.key, registration)
    unit.stations.connected(station.key, at)
    now = unit.stations.get(station.key)
    told = Connected(registration=now.registration)
    unit.events.add(EventKind.CHARGE_POINT_CONNECTED, station.key, told, at)
    return now


def disconnected(unit: UnitOfWork, station: StationKey, at: datetime) -> None:
    """Its connection is gone, and no newer one took its place."""
    unit.stations.disconnected(station, at)
    unit.events.add(EventKind.CHARGE_POINT_DISCONNECTED, station, Disconnected(), at)


def boot(
    unit: UnitOfWork,
    station: StationKey,
    notification: BootNotification,
    received_at: datetime,
    rules: RegistrationRules,
) -> Registered:
    """Keep what the charge point says of itself and decide whether it is accepted (BOO-03).

    The time of the answer is not part of it: it has to be taken when the answer is sent.
    """
    recorded = unit.stations.get(station).registration
    registration = registration_now(rules.policy, recorded)
    if registration is not recorded:
        unit.stations.register(station, registration)
    unit.stations.booted(station, notification, registration, received_at)
    booted = Booted(
        answered=registration,
        vendor=notification.charge_point_vendor,
        model=notification.charge_point_model,
        firmware_version=present(notification.firmware_version),
    )
    unit.events.add(EventKind.CHARGE_POINT_BOOTED, station, booted, received_at)
    return boot_answer(rules, registration)


def heard(unit: UnitOfWork, latest: Mapping[StationKey, datetime]) -> None:
    """Note when charge points were last heard of; collected in memory, written now and then."""
    unit.stations.heard(latest)


def register(unit: UnitOfWork, identity: str, registration: Registration, at: datetime) -> Station:
    """An operator's word: this charge point is accepted, or rejected, or waits.

    One that is not known yet is added under this spelling.
    """
    station = unit.stations.find(identity)
    if station is None:
        return unit.stations.add(identity, registration, at)
    unit.stations.register(station.key, registration)
    return unit.stations.get(station.key)
