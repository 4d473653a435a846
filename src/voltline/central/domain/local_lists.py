"""Local lists of id tags: what a charge point should hold, and how it is brought there (S 3.5.2, 5.15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from voltline.base.ids import folded
from voltline.central.domain.authorization import tag_key

T = TypeVar("T")

PROFILES = "SupportedFeatureProfiles"
ENABLED = "LocalAuthListEnabled"
AT_ONCE = "SendLocalListMaxLength"
MOST = "LocalAuthListMaxLength"
CACHE_ENABLED = "AuthorizationCacheEnabled"
KEYS = (PROFILES, ENABLED, AT_ONCE, MOST)

_PROFILE = "LocalAuthListManagement"
_USUAL_AT_ONCE = 20
"""Entries sent at once to a charge point that does not say how many it can take."""
_MOST_AT_ONCE = 500
"""However many it says: a message should not have more than some 60 kB."""
_LARGEST_VERSION = 2**31 - 1


class ListState(StrEnum):
    """How it stands with a charge point's local list."""

    UNTOUCHED = "untouched"
    """There was nothing to send yet."""
    PENDING = "pending"
    """It is not as it should be, or nobody knows how it is."""
    SENDING = "sending"
    SYNCED = "synced"
    FAILED = "failed"
    """The charge point did not take it; tried again at its next connection and at the next change."""
    NOT_SUPPORTED = "not-supported"
    """It keeps no local list. Asked again after a boot with other firmware."""
    DISABLED = "disabled"
    """It keeps one and does not use it, or an operator wants it left alone."""


class ListEntry(Struct, frozen=True, array_like=True, gc=False):
    """An id tag in a local list. Such a tag is accepted: others are not in the list."""

    id_tag: str
    parent_id_tag: str | None = None
    expires_at: datetime | None = None


class LocalList(Struct, frozen=True, kw_only=True):
    """What is known of the local list of a charge point."""

    state: ListState = ListState.UNTOUCHED
    problem: str | None = None
    """Why it could not be brought up to date the last time."""
    version: int | None = None
    """Of what it was sent last and took; None: never anything."""
    reported_version: int | None = None
    """What it said to GetLocalListVersion last."""
    entries: int | None = None
    """How many tags it holds; None: not known."""
    left_out: int = 0
    """How many tags there was no room for."""
    known: bool = False
    """Whether its content is known to be `content`."""
    sending_from: int = 0
    sending_to: int = 0
    """The versions that are being sent just now, or were when something went wrong."""
    firmware: str | None = None
    """That said that there is no local list."""
    enabled: bool = True
    """False: an operator wants it left alone."""
    groups: tuple[str, ...] | None = None
    """Only tags with these parents, and these themselves; None: all."""
    checked_at: datetime | None = None
    synced_at: datetime | None = None


class ListSynced(Struct, frozen=True, kw_only=True):
    """local-list.synced: or not."""

    state: str
    version: int | None
    entries: int | None
    left_out: int
    problem: str | None


class Capacity(Struct, frozen=True, kw_only=True):
    """What a charge point says about its local list, as far as it does."""

    told: bool = True
    """False: its configuration was never read."""
    supported: bool | None = None
    enabled: bool | None = None
    at_once: int = _USUAL_AT_ONCE
    most: int | None = None


class Update(Struct, frozen=True, kw_only=True):
    """One SendLocalList. In a differential one, `removed` are the tags to be taken out."""

    version: int
    full: bool
    entries: tuple[ListEntry, ...]
    removed: tuple[str, ...] = ()


def capacity(values: Mapping[str, str | None]) -> Capacity:
    """What the configuration says; `values` by folded key."""
    profiles = values.get(folded(PROFILES))
    enabled = values.get(folded(ENABLED))
    named = {folded(one.strip()) for one in (profiles or "").split(",")}
    return Capacity(
        told=bool(values),
        supported=None if profiles is None else folded(_PROFILE) in named,
        enabled=None if enabled is None else folded(enabled.strip()) == "true",
        at_once=min(_positive(values.get(folded(AT_ONCE))) or _USUAL_AT_ONCE, _MOST_AT_ONCE),
        most=_positive(values.get(folded(MOST))),
    )


def keeps_cache(values: Mapping[str, str | None]) -> bool:
    """Whether a charge point may remember what tags were told; True where its configuration is not known."""
    if not values:
        return True
    enabled = values.get(folded(CACHE_ENABLED))
    return enabled is not None and folded(enabled.strip()) != "false"


def updates(
    wanted: Sequence[ListEntry], held: Sequence[ListEntry] | None, after_version: int, at_once: int
) -> list[Update]:
    """What to send so that a charge point that holds `held` holds `wanted`; nothing if it does.

    `held` None: nobody knows what it holds. Versions rise from `after_version` on, never 0 nor -1 (LST-09).
    Full or differential is chosen by the number of messages, then by that of entries. More than `at_once`
    entries go in parts: a full one first where all is replaced, differential ones after it (LST-16). What
    is taken out goes first, so that the list is never longer than it was or will be.
    """
    added, removed = _difference(wanted, held or ())
    if held is not None and not added and not removed:
        return []
    whole, changes = list(in_parts(wanted, at_once)), list(in_parts([*removed, *added], at_once))
    cost = (len(changes), len(added) + len(removed))
    version = _first_version(after_version, max(len(whole), len(changes), 1))
    restarted = version <= after_version
    if not held or restarted or cost > (max(len(whole), 1), len(wanted)):
        first, *others = whole or [[]]
        parts = [Update(version=version, full=True, entries=tuple(first))]
        parts += [Update(version=0, full=False, entries=tuple(part)) for part in others]
    else:
        parts = [
            Update(
                version=0,
                full=False,
                entries=tuple(one for one in part if isinstance(one, ListEntry)),
                removed=tuple(one for one in part if isinstance(one, str)),
            )
            for part in changes
        ]
    return [msgspec.structs.replace(part, version=version + place) for place, part in enumerate(parts)]


def in_parts(items: Sequence[T], at_most: int) -> Iterator[list[T]]:
    """The items in lists of at most so many."""
    for start in range(0, len(items), at_most):
        yield list(items[start : start + at_most])


def _difference(wanted: Sequence[ListEntry], held: Sequence[ListEntry]) -> tuple[list[ListEntry], list[str]]:
    before = {tag_key(entry.id_tag): entry for entry in held}
    after = {tag_key(entry.id_tag): entry for entry in wanted}
    added = [entry for key, entry in after.items() if before.get(key) != entry]
    removed = [entry.id_tag for key, entry in before.items() if key not in after]
    return added, removed


def _first_version(after: int, parts: int) -> int:
    following = max(after, 0) + 1
    return following if following + parts <= _LARGEST_VERSION else 1


def _positive(value: str | None) -> int | None:
    text = (value or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return number or None
