"""Charge points come, announce themselves, are heard of and go (S 4.2, 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import asdict

from voltline.central.domain.events import Booted, Connected, Disconnected, EventKind
from voltline.central.domain.stations import (
    Registered,
    Registration,
    RegistrationPolicy,
    RegistrationRules,
    Station,
    StationEdit,
    StationKey,
    StationRegistered,
    StationRemoved,
    boot_answer,
    first_registration,
    registration_now,
)
from voltline.central.services import file_jobs
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import UNSET, BootNotification


def connected(unit: UnitOfWork, identity: str, policy: RegistrationPolicy, at: datetime) -> Station | None:
    """A charge point is at the door: who it is, or None if it must be refused (HTTP 404, WSC-09).

    A charge point that was never seen before is registered under the spelling it came with, where the
    policy lets it in. Its `registration` says whether it may send more than BootNotification: that
    persists, for a charge point need not boot after a reconnect (OCPP-J 5.4, BOO-19).
    """
    station = unit.stations.find(identity)
    if station is None or station.removed:
        registration = first_registration(policy)
        if registration is None:
            return None
        station = _registered(unit, station, identity, registration, StationEdit(), at)
    elif (registration := registration_now(policy, station)) is not station.registration:
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


def opened(unit: UnitOfWork, station: StationKey, remote: str, at: datetime) -> None:
    """Its connection stands; `remote` is where it comes from."""
    unit.stations.opened(station, remote, at)


def closed(
    unit: UnitOfWork,
    station: StationKey,
    heard_at: datetime,
    at: datetime,
    reason: str | None,
    replaced: bool,
) -> None:
    """A connection of it has ended; `replaced` if a newer one took its place."""
    unit.stations.heard({station: heard_at})
    unit.stations.closed(station, at, reason)
    if not replaced:
        disconnected(unit, station, at)


def left_open(unit: UnitOfWork) -> None:
    """The process begins: what it did not see end, ended with the process before, when last heard of."""
    unit.stations.close_all("the central system ended without closing it")


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
    recorded = unit.stations.get(station)
    registration = registration_now(rules.policy, recorded)
    if registration is not recorded.registration:
        unit.stations.register(station, registration)
    unit.stations.booted(station, notification, registration, received_at)
    booted = Booted(
        answered=registration,
        vendor=notification.charge_point_vendor,
        model=notification.charge_point_model,
        firmware_version=present(notification.firmware_version),
    )
    unit.events.add(EventKind.CHARGE_POINT_BOOTED, station, booted, received_at)
    if booted.firmware_version != recorded.firmware_version:
        file_jobs.booted(unit, station, recorded.firmware_version, booted.firmware_version, received_at)
    return boot_answer(rules, registration, recorded.heartbeat_interval_s)


def heard(unit: UnitOfWork, latest: Mapping[StationKey, datetime]) -> None:
    """Note when charge points were last heard of; collected in memory, written now and then."""
    unit.stations.heard(latest)


def register(unit: UnitOfWork, identity: str, registration: Registration, at: datetime) -> Station:
    """An operator's word: this charge point is accepted, or rejected, or waits.

    One that is not known yet is added under this spelling.
    """
    found = unit.stations.find(identity)
    if found is None or found.removed:
        edit = StationEdit(registration=registration)
        return _registered(unit, found, identity, registration, edit, at)
    return _edited(unit, found, StationEdit(registration=registration), at)


def add(unit: UnitOfWork, identity: str, edit: StationEdit, at: datetime) -> Station | None:
    """Register a charge point before it comes, spelled like this; None: it is registered already.

    One that was removed is itself again, with its history.
    """
    found = unit.stations.find(identity)
    if found is not None and not found.removed:
        return None
    registration = Registration.ACCEPTED if edit.registration is UNSET else edit.registration
    return _registered(unit, found, identity, registration, edit, at)


def edit(unit: UnitOfWork, identity: str, edit: StationEdit, at: datetime) -> Station | None:
    """Change what an operator says of a charge point; None: there is no such one."""
    found = unit.stations.find(identity)
    return None if found is None or found.removed else _edited(unit, found, edit, at)


def remove(unit: UnitOfWork, identity: str, at: datetime) -> Station | None:
    """Remove a charge point from the lists; all that it reported stays. None: there is no such one."""
    found = unit.stations.find(identity)
    if found is None or found.removed:
        return None
    unit.stations.edit(found.key, {"removed_at": at})
    subject = StationRemoved(registration=found.registration)
    unit.events.add(EventKind.CHARGE_POINT_REMOVED, found.key, subject, at)
    return found


def _registered(
    unit: UnitOfWork,
    removed: Station | None,
    identity: str,
    registration: Registration,
    edit: StationEdit,
    at: datetime,
) -> Station:
    if removed is None:
        key = unit.stations.add(identity, registration, at).key
    else:
        key = removed.key
        unit.stations.restore(key, identity, registration, at)
    unit.stations.edit(key, _changes(edit))
    station = unit.stations.get(key)
    subject = StationRegistered(registration=station.registration, name=station.name)
    unit.events.add(EventKind.CHARGE_POINT_REGISTERED, key, subject, at)
    return station


def _edited(unit: UnitOfWork, station: Station, edit: StationEdit, at: datetime) -> Station:
    unit.stations.edit(station.key, _changes(edit))
    now = unit.stations.get(station.key)
    if now.registration is not station.registration:
        subject = StationRegistered(registration=now.registration, name=now.name)
        unit.events.add(EventKind.CHARGE_POINT_REGISTERED, station.key, subject, at)
    return now


def _changes(edit: StationEdit) -> dict[str, object]:
    changes = {name: value for name, value in asdict(edit).items() if value is not UNSET}
    return changes | {"decided": True} if "registration" in changes else changes
