"""What charge points are set to is read, remembered, and brought to what it should be (S 5.3, 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.configuration import (
    Change,
    ConfigurationChanged,
    ConfigurationDesired,
    DesiredKey,
    DesiredState,
    KnownKey,
    heartbeat_interval_s,
    kept_value,
    looks_complete,
    max_keys,
    refusal_reason,
    same_value,
)
from voltline.central.domain.events import EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    CONFIGURATION_KEYS,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    GetConfiguration,
    GetConfigurationResponse,
    KeyValue,
)
from voltline.messages.configuration_keys import Access

_GOOD_FOR = timedelta(days=1)
_READABLE = tuple(name for name, key in CONFIGURATION_KEYS.items() if key.access is not Access.WRITE)


def read(
    unit: UnitOfWork,
    station: StationKey,
    request: GetConfiguration,
    answer: GetConfigurationResponse,
    at: datetime,
) -> None:
    """Keep an answer to GetConfiguration, and what it changes against what was known.

    Where all keys were asked for, those that are missing are gone, unless the answer may have been cut off.
    """
    told = {folded(item.key): item for item in present(answer.configuration_key) or ()}
    known = unit.configuration.known(station)
    values = {folded(item.key): item.value for item in known.values()}
    values |= {name: present(item.value) for name, item in told.items()}
    asked_for_all = not present(request.key)
    if asked_for_all:
        gone = [name for name in known if name not in told] if looks_complete(len(told), values) else []
    else:
        unknown = [folded(key) for key in present(answer.unknown_key) or ()]
        gone = [name for name in unknown if name in known and name not in told]
    _keep(unit, station, [_known_key(item, known.get(name), at) for name, item in told.items()], gone, at)
    if asked_for_all and told:
        facts = unit.configuration.facts(station)
        unit.configuration.put_facts(station, replace(facts, read_at=at, problem=None))


def needs_reading(unit: UnitOfWork, station: StationKey, at: datetime) -> bool:
    """Whether all keys should be read: never yet, not since the last boot, or not for a day.

    A reconnect alone changes no configuration, and thousands reconnect at once when a network is back.
    """
    read_at = unit.configuration.facts(station).read_at
    if read_at is None or at - read_at >= _GOOD_FOR:
        return True
    booted_at = unit.stations.get(station).last_boot_at
    return booted_at is not None and booted_at >= read_at


def unreadable(unit: UnitOfWork, station: StationKey, problem: str, at: datetime) -> None:
    """All keys were asked for, and there is no answer that can be used."""
    facts = unit.configuration.facts(station)
    unit.configuration.put_facts(station, replace(facts, problem=problem))


def left_to_ask(unit: UnitOfWork, station: StationKey, since: datetime) -> tuple[list[str], int]:
    """The keys to be asked for by name after all were asked for, and how many at a time (CFG-08).

    Those that are desired and were not told; and where the answer to all cannot have been all, the standard
    ones too.
    """
    known = unit.configuration.known(station)
    fresh = {name for name, item in known.items() if item.seen_at >= since}
    values = {name: item.value for name, item in known.items() if name in fresh}
    wanted = [key.key for key in unit.configuration.desired(station).values()]
    if not looks_complete(len(fresh), values):
        wanted += [item.key for item in known.values()]
        wanted += _READABLE
    missing = {folded(key): key for key in reversed(wanted) if folded(key) not in fresh}
    return list(reversed(missing.values())), max_keys(values)


def change_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: ChangeConfiguration,
    answer: ChangeConfigurationResponse,
    at: datetime,
) -> None:
    """Keep what became of a change, whoever asked for it; a desired value learns how far it is."""
    name = folded(request.key)
    known = unit.configuration.known(station).get(name)
    desired = unit.configuration.desired(station).get(name)
    if desired is not None and same_value(desired.value, request.value):
        readonly = known is not None and known.readonly
        tried = replace(
            desired,
            state=_STATES.get(answer.status, DesiredState.FAILED),
            reason=_reason(request, answer.status, readonly),
            attempts=desired.attempts + 1,
            tried_at=at,
        )
        _put_desired(unit, station, desired, tried, at)
    if answer.status == ConfigurationStatus.ACCEPTED:
        now = KnownKey(
            key=request.key if known is None else known.key,
            value=kept_value(request.key, request.value),
            readonly=known is not None and known.readonly,
            seen_at=at,
            changed_at=at,
        )
        if known is None or not same_value(known.value, now.value):
            _keep(unit, station, [now], [], at)


def change_failed(
    unit: UnitOfWork, station: StationKey, key: str, value: str, reason: str, at: datetime
) -> None:
    """The charge point answered a change with an error."""
    desired = unit.configuration.desired(station).get(folded(key))
    if desired is not None and same_value(desired.value, value):
        tried = replace(
            desired,
            state=DesiredState.FAILED,
            reason=reason,
            attempts=desired.attempts + 1,
            tried_at=at,
        )
        _put_desired(unit, station, desired, tried, at)


def desire(
    unit: UnitOfWork, station: StationKey, wanted: Mapping[str, str], reboot_when_idle: bool, at: datetime
) -> None:
    """From now on the charge point should be set like this, and nothing else is asked of it.

    Values that were desired before keep their state. The interval of BootNotification follows a desired
    HeartbeatInterval, which it would overwrite otherwise. Secrets must not be among them.
    """
    before = unit.configuration.desired(station)
    known = unit.configuration.known(station)
    new = []
    for key, value in wanted.items():
        name = folded(key)
        earlier = before.get(name)
        if earlier is not None and earlier.value == value:
            continue
        has_it = name in known and same_value(known[name].value, value)
        new.append(
            DesiredKey(
                key=key,
                value=value,
                state=DesiredState.SET if has_it else DesiredState.PENDING,
                reason=None,
                attempts=0,
                asked_at=at,
                tried_at=None,
                rebooted_at=None,
            )
        )
    names = {folded(key) for key in wanted}
    unit.configuration.drop_desired(station, [name for name in before if name not in names])
    unit.configuration.put_desired(station, new)
    facts = unit.configuration.facts(station)
    unit.configuration.put_facts(station, replace(facts, reboot_when_idle=reboot_when_idle))
    unit.stations.set_heartbeat_interval(station, heartbeat_interval_s(wanted))


def due(unit: UnitOfWork, station: StationKey) -> tuple[DesiredKey, ...]:
    """The desired values that have to be sent now.

    What was refused is tried once more after each boot: new firmware may know better.
    """
    booted_at = unit.stations.get(station).last_boot_at
    return tuple(
        key
        for key in unit.configuration.desired(station).values()
        if key.state in (DesiredState.PENDING, DesiredState.FAILED)
        or (
            key.state in (DesiredState.REJECTED, DesiredState.NOT_SUPPORTED)
            and _booted_since(key.tried_at, booted_at)
        )
    )


def reboot_due(unit: UnitOfWork, station: StationKey) -> bool:
    """Whether the charge point may and should be rebooted now for values that need it.

    Not twice for one value: what a reboot did not bring, another one will not.
    """
    waits = any(
        key.state is DesiredState.REBOOT_REQUIRED and key.rebooted_at is None
        for key in unit.configuration.desired(station).values()
    )
    return (
        waits
        and unit.configuration.facts(station).reboot_when_idle
        and not unit.configuration.is_charging(station)
    )


def rebooting(unit: UnitOfWork, station: StationKey, at: datetime) -> None:
    """The charge point said that it reboots, for the sake of values that need it."""
    unit.configuration.put_desired(
        station,
        [
            replace(key, rebooted_at=at)
            for key in unit.configuration.desired(station).values()
            if key.state is DesiredState.REBOOT_REQUIRED
        ],
    )


def idle_reboots(unit: UnitOfWork, limit: int) -> Sequence[str]:
    """The charge points for which `reboot_due` holds now, by identity; at most so many."""
    return unit.configuration.idle_reboots(limit)


_STATES = {
    ConfigurationStatus.ACCEPTED: DesiredState.SET,
    ConfigurationStatus.REJECTED: DesiredState.REJECTED,
    ConfigurationStatus.REBOOT_REQUIRED: DesiredState.REBOOT_REQUIRED,
    ConfigurationStatus.NOT_SUPPORTED: DesiredState.NOT_SUPPORTED,
}


def _reason(request: ChangeConfiguration, status: ConfigurationStatus, readonly: bool) -> str | None:
    if status == ConfigurationStatus.REJECTED:
        return refusal_reason(request.key, request.value, readonly)
    return None if status in _STATES else f"the charge point answered {status!s}"


def _known_key(item: KeyValue, known: KnownKey | None, at: datetime) -> KnownKey:
    value = kept_value(item.key, present(item.value))
    unchanged = known is not None and known.value == value and known.readonly == item.readonly
    return KnownKey(
        key=item.key,
        value=value,
        readonly=item.readonly,
        seen_at=at,
        changed_at=known.changed_at if known is not None and unchanged else at,
    )


def _keep(
    unit: UnitOfWork, station: StationKey, seen: Sequence[KnownKey], gone: Sequence[str], at: datetime
) -> None:
    known = unit.configuration.known(station)
    changed = [item for item in seen if (was := known.get(folded(item.key))) is None or _differs(was, item)]
    unit.configuration.keep(station, seen, changed, gone, at)
    changes = [_change(item, known.get(folded(item.key))) for item in changed]
    changes += [
        Change(key=known[name].key, before=known[name].value, after=None, known=False) for name in gone
    ]
    if changes:
        unit.configuration.remember(station, changes, at)
        if known:  # what is read for the first time has not changed
            unit.events.add(
                EventKind.CONFIGURATION_CHANGED, station, ConfigurationChanged(changes=tuple(changes)), at
            )
    _compare(unit, station, seen, at)


def _differs(one: KnownKey, other: KnownKey) -> bool:
    return (one.key, one.value, one.readonly) != (other.key, other.value, other.readonly)


def _change(item: KnownKey, known: KnownKey | None) -> Change:
    return Change(key=item.key, before=None if known is None else known.value, after=item.value)


def _compare(unit: UnitOfWork, station: StationKey, seen: Sequence[KnownKey], at: datetime) -> None:
    """Hold what is desired against what the charge point says it has."""
    desired = unit.configuration.desired(station)
    if not desired:
        return
    booted_at = unit.stations.get(station).last_boot_at
    for item in seen:
        wanted = desired.get(folded(item.key))
        if wanted is not None:
            now = _compared(wanted, item.value, booted_at)
            if now is not wanted:
                _put_desired(unit, station, wanted, now, at)


def _compared(wanted: DesiredKey, value: str | None, booted_at: datetime | None) -> DesiredKey:
    has_it = same_value(wanted.value, value)
    if wanted.state is DesiredState.REBOOT_REQUIRED:
        if not _booted_since(wanted.tried_at, booted_at):
            return wanted  # it may show the new value already, but works by the old one (CFG-03)
        if not has_it:
            return replace(wanted, state=DesiredState.PENDING, reason="not in force after a reboot")
    elif wanted.state is DesiredState.SET and not has_it:
        return replace(
            wanted, state=DesiredState.PENDING, reason=f"the charge point has {value!r:.100} instead"
        )
    if has_it and wanted.state is not DesiredState.SET:
        return replace(wanted, state=DesiredState.SET, reason=None)
    return wanted


def _booted_since(tried_at: datetime | None, booted_at: datetime | None) -> bool:
    return booted_at is not None and (tried_at is None or booted_at > tried_at)


def _put_desired(
    unit: UnitOfWork, station: StationKey, before: DesiredKey, now: DesiredKey, at: datetime
) -> None:
    unit.configuration.put_desired(station, [now])
    if (before.state, before.reason) != (now.state, now.reason):
        subject = ConfigurationDesired(key=now.key, value=now.value, state=now.state, reason=now.reason)
        unit.events.add(EventKind.CONFIGURATION_CHANGED, station, subject, at)
