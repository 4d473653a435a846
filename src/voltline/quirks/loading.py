"""Quirks read from TOML files.

[[quirk]]
id = "acme-long-tags"
title = "Remote tags of more than 16 characters break it"
like = "remote-tag-length"        # optional: all that is not said here is as in that quirk

[[quirk.match]]                   # charge points that have it: any of these
vendor = "Acme*"
model = "Wall Mk?"
firmware = "<2.1"

[quirk.facts]                     # see `profile.Facts`
max_remote_id_tag_length = 16
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from voltline.quirks.profile import Facts, Match, QuirkProfile
from voltline.quirks.registry import Registry


class InvalidQuirks(ValueError):
    """A file of quirks that cannot be used; the text says which, where and why."""


class _Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
    title: Annotated[str, Meta(min_length=1)] | None = None
    source: Annotated[str, Meta(min_length=1)] | None = None
    wrong: Annotated[str, Meta(min_length=1)] | None = None
    like: str | None = None
    match: tuple[Match, ...] = ()
    facts: Facts | None = None


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    quirk: tuple[_Record, ...]


@cache
def built_in() -> Registry:
    """The quirks that come with Voltline."""
    known: dict[str, QuirkProfile] = {}
    folder = files("voltline.quirks") / "vendors"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            known |= {one.id: one for one in read(file.read_text("utf-8"), file.name, known)}
    return Registry(known.values())


def with_own(folder: Path) -> Registry:
    """Those that come with Voltline, and those in the TOML files of a folder, which need not be there.

    Raises InvalidQuirks.
    """
    known = {one.id: one for one in built_in()}
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError as error:
        raise InvalidQuirks(f"{folder} cannot be read: {error.strerror}") from error
    for path in paths:
        for one in read_file(path, known):
            known.pop(one.id, None)
            known[one.id] = one
    return Registry(known.values())


def read_file(path: Path, known: Mapping[str, QuirkProfile]) -> tuple[QuirkProfile, ...]:
    """The quirks in a file; see `read`. Raises InvalidQuirks, also where it cannot be read at all."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InvalidQuirks(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidQuirks(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
    return read(text, str(path), known)


def read(text: str, name: str, known: Mapping[str, QuirkProfile]) -> tuple[QuirkProfile, ...]:
    """The quirks in the text of a file; `known` are those that `like` may name besides those before it.

    Raises InvalidQuirks.
    """
    try:
        records = msgspec.convert(tomllib.loads(text), _File).quirk
    except tomllib.TOMLDecodeError as error:
        raise InvalidQuirks(f"{name} is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise InvalidQuirks(f"{name}: {error}") from error
    made: dict[str, QuirkProfile] = {}
    for record in records:
        if record.id in made:
            raise InvalidQuirks(f"{name}: there are two quirks with the id {record.id!r}")
        made[record.id] = _profile(record, name, {**known, **made})
    return tuple(made.values())


def _profile(record: _Record, name: str, known: Mapping[str, QuirkProfile]) -> QuirkProfile:
    base = None
    if record.like is not None and (base := known.get(record.like)) is None:
        there = ", ".join(sorted(known)) or "none"
        raise InvalidQuirks(
            f"{name}: {record.id} is like {record.like!r}, which is not there; known: {there}"
        )
    title = record.title or (base.title if base else None)
    wrong = record.wrong or (base.wrong if base else None)
    facts = record.facts or (base.facts if base else None)
    lacking = [word for word, value in (("title", title), ("wrong", wrong), ("facts", facts)) if not value]
    if title is None or wrong is None or facts is None or facts == Facts():
        what = ", ".join(lacking) or "anything in its facts"
        raise InvalidQuirks(
            f"{name}: {record.id} lacks {what}; or say with `like` of which quirk it is a case"
        )
    return QuirkProfile(
        id=record.id,
        title=title,
        source=record.source or (base.source if base else "its operator"),
        wrong=wrong,
        matches=record.match,
        facts=facts,
        file=name,
    )


def unmatched(profiles: Iterable[QuirkProfile]) -> tuple[QuirkProfile, ...]:
    """Those that no charge point has, for they say of none that it has them."""
    return tuple(one for one in profiles if not one.matches)
