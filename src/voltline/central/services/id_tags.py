"""Operators register id tags, change, remove and import them, and adopt those that were seen.

What charge points remember of a tag that may not charge any more is noted as revoked: they are told to
clear their caches (`services.local_lists`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import asdict, replace

from voltline.central.domain.authorization import (
    IdTag,
    IdTagChanged,
    IdTagsImported,
    Revocation,
    revocation,
    tag_key,
)
from voltline.central.domain.events import EventKind
from voltline.central.services.ports import UnitOfWork


class Put(Struct, frozen=True):
    """What became of a tag that was to be registered."""

    tag: IdTag
    added: bool
    revoked: bool


class Imported(Struct, frozen=True, kw_only=True):
    """What an import does, or would do."""

    added: int
    changed: int
    unchanged: int
    removed: int
    revoked: bool


def add_tag(unit: UnitOfWork, tag: IdTag, at: datetime) -> Put | None:
    """Register a tag; None: it is registered already."""
    return None if unit.id_tags.find(tag.id_tag) is not None else put_tag(unit, tag, at)


def put_tag(unit: UnitOfWork, tag: IdTag, at: datetime) -> Put:
    """Register a tag, or replace what is known of it. It is not unknown from now on."""
    before = unit.id_tags.find(tag.id_tag)
    unit.id_tags.put(tag, at)
    unit.id_tags.forget_unknown(tag.id_tag)
    after = unit.id_tags.find(tag.id_tag)
    assert after is not None
    why = revocation(before, after)
    _revoke(unit, after.id_tag, why, at)
    _tell(unit, after, "added" if before is None else "changed", at)
    return Put(after, before is None, why is not None)


def edit_tag(unit: UnitOfWork, id_tag: str, changes: Mapping[str, object], at: datetime) -> Put | None:
    """Change these fields of a tag; None: it is not registered."""
    before = unit.id_tags.find(id_tag)
    return None if before is None else put_tag(unit, replace(before, **changes), at)


def remove_tag(unit: UnitOfWork, id_tag: str, at: datetime) -> Put | None:
    """Forget a tag; its transactions stay. None: there was no such tag."""
    before = unit.id_tags.find(id_tag)
    if before is None:
        return None
    unit.id_tags.remove(id_tag)
    why = revocation(before, None)
    _revoke(unit, before.id_tag, why, at)
    _tell(unit, before, "removed", at)
    return Put(before, False, why is not None)


def adopt(unit: UnitOfWork, id_tag: str, record: Callable[[str], IdTag], at: datetime) -> Put | bool | None:
    """Register an unknown tag that was seen. None: it was never seen; False: it is registered already.

    `record` makes the record of the tag as it was presented.
    """
    presented = unit.id_tags.unknown(id_tag)
    if unit.id_tags.find(id_tag) is not None:
        return False
    return None if presented is None else put_tag(unit, record(presented), at)


def forget_unknown(unit: UnitOfWork, id_tag: str) -> bool:
    """Take a tag off the list of unknown ones; False: it was not there."""
    return unit.id_tags.forget_unknown(id_tag)


def import_tags(
    unit: UnitOfWork, tags: Sequence[IdTag], remove_others: bool, dry_run: bool, at: datetime
) -> Imported:
    """Register all of these, replacing what is known of them; with `remove_others` nothing else stays.

    All or nothing, and with `dry_run` nothing: then the figures say what it would do. No two of `tags`
    are the same tag.
    """
    before = {tag_key(tag.id_tag): tag for tag in unit.id_tags.all()}
    wanted = {tag_key(tag.id_tag): tag for tag in tags}
    put = [tag for key, tag in wanted.items() if key not in before or _said(before[key]) != _said(tag)]
    gone = [tag for key, tag in before.items() if key not in wanted] if remove_others else []
    revoked = [(tag.id_tag, revocation(before.get(tag_key(tag.id_tag)), tag)) for tag in put]
    revoked += [(tag.id_tag, revocation(tag, None)) for tag in gone]
    reasons = [(id_tag, why) for id_tag, why in revoked if why is not None]
    added = sum(tag_key(tag.id_tag) not in before for tag in put)
    done = Imported(
        added=added,
        changed=len(put) - added,
        unchanged=len(wanted) - len(put),
        removed=len(gone),
        revoked=bool(reasons),
    )
    if dry_run:
        return done
    unit.id_tags.put_all(put, at)
    for tag in gone:
        unit.id_tags.remove(tag.id_tag)
    for tag in put:
        unit.id_tags.forget_unknown(tag.id_tag)
    unit.revocations.add(reasons, at)
    if put or gone:
        subject = IdTagsImported(change="imported", added=added, changed=done.changed, removed=done.removed)
        unit.events.add(EventKind.ID_TAG_CHANGED, None, subject, at)
    return done


def _said(tag: IdTag) -> dict[str, object]:
    """What an operator says of a tag, without what time does to it."""
    return {
        name: value
        for name, value in asdict(tag).items()
        if name not in ("added_at", "changed_at", "last_used_at")
    }


def _revoke(unit: UnitOfWork, id_tag: str, why: Revocation | None, at: datetime) -> None:
    if why is not None:
        unit.revocations.add([(id_tag, why)], at)


def _tell(unit: UnitOfWork, tag: IdTag, change: str, at: datetime) -> None:
    subject = IdTagChanged(
        id_tag=tag.id_tag,
        change=change,
        parent_id_tag=tag.parent_id_tag,
        expires_at=tag.expires_at,
        blocked=tag.blocked,
    )
    unit.events.add(EventKind.ID_TAG_CHANGED, None, subject, at)
