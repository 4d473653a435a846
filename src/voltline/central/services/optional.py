"""Absent fields of OCPP messages are UNSET; records and tables say None."""

from __future__ import annotations

from typing import TypeVar

from voltline.messages import UNSET, UnsetType

T = TypeVar("T")


def present(value: T | UnsetType) -> T | None:
    """The value, or None where the message left it out."""
    return None if value is UNSET else value
