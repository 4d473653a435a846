"""What a central system does otherwise for the sake of a charge point's quirks."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from voltline.messages import (
    UNSET,
    ChangeConfiguration,
    ChargingProfile,
    RemoteStartTransaction,
    Request,
    SetChargingProfile,
)
from voltline.quirks.registry import Quirks
from voltline.quirks.schedules import with_fewer_periods

_PING_SHARE = 0.5
"""Of the time after which a charge point drops an idle connection: it is pinged then."""


class Note(NamedTuple):
    """What a quirk changed of a command, or says about it."""

    quirk: str
    """Its id."""
    text: str


def adjusted(request: Request[Any], quirks: Quirks) -> tuple[Request[Any], tuple[Note, ...]]:
    """The command as this charge point can take it, and what was changed; the same object where nothing was.

    To adjust a command that is adjusted already changes nothing.
    """
    match request:
        case SetChargingProfile():
            profile, notes = _profile(request.cs_charging_profiles, quirks)
            return (replace(request, cs_charging_profiles=profile) if notes else request), notes
        case RemoteStartTransaction() if request.charging_profile is not UNSET:
            profile, notes = _profile(request.charging_profile, quirks)
            return (replace(request, charging_profile=profile) if notes else request), notes
    return request, ()


def warnings(request: Request[Any], quirks: Quirks) -> tuple[Note, ...]:
    """What will probably go wrong with a command, and cannot be helped."""
    notes: list[Note] = []
    if isinstance(request, RemoteStartTransaction):
        found = quirks.having(lambda facts: facts.max_remote_id_tag_length)
        longest = found and found.facts.max_remote_id_tag_length
        if found and longest and len(request.id_tag) > longest:
            text = f"the id tag has {len(request.id_tag)} characters; more than {longest} break this firmware"
            notes.append(Note(found.quirk.id, text))
    if isinstance(request, ChangeConfiguration):
        key = request.key.casefold()
        found = quirks.having(lambda facts: key in {one.casefold() for one in facts.reboots_after_setting})
        if found:
            text = f"this charge point reboots after {request.key} is changed, even if it accepts that"
            notes.append(Note(found.quirk.id, text))
    return tuple(notes)


def ping_interval_s(quirks: Quirks) -> float | None:
    """How long a connection may be silent until the charge point is pinged; None: as usual."""
    found = quirks.having(lambda facts: facts.drops_idle_socket_after_s)
    dropped_after_s = found and found.facts.drops_idle_socket_after_s
    return dropped_after_s * _PING_SHARE if dropped_after_s else None


def _profile(profile: ChargingProfile, quirks: Quirks) -> tuple[ChargingProfile, tuple[Note, ...]]:
    found = quirks.having(lambda facts: facts.max_schedule_periods)
    at_most = found and found.facts.max_schedule_periods
    if found is None or not at_most:
        return profile, ()
    schedule = profile.charging_schedule
    fewer = with_fewer_periods(schedule, at_most)
    if fewer is schedule:
        return profile, ()
    text = (
        f"the schedule's {len(schedule.charging_schedule_period)} periods were merged to "
        f"{len(fewer.charging_schedule_period)}, for the charge point cannot cope with more than {at_most}; "
        "merged periods have the lowest of their limits, so never more than asked for is allowed"
    )
    return replace(profile, charging_schedule=fewer), (Note(found.quirk.id, text),)
