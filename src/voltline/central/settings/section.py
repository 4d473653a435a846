"""What the tables of voltline.toml have in common."""

from __future__ import annotations

from msgspec import Struct


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of voltline.toml."""


def words(text: str) -> tuple[str, ...]:
    """What is listed with commas between; nothing for an empty text."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
