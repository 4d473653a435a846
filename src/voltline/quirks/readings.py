"""Readings that say something else than they mean, put right. What was sent is kept beside it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from voltline.quirks.registry import Quirks

_LONGEST_VALUE = 100


class Corrected(NamedTuple):
    """What a reading means."""

    value: str
    unit: str
    quirk: str
    """The id of the quirk that says so."""


def corrected(quirks: Quirks, measurand: str, unit: str | None, value: str) -> Corrected | None:
    """What a reading means; None: what it says."""
    for quirk in quirks:
        for fault in quirk.facts.reading_faults:
            if fault.measurand == measurand and unit is not None and fault.unit.lower() == unit.lower():
                number = _number(value)
                if number is None:
                    return None
                return Corrected(f"{(number * fault.factor).normalize():f}", fault.means, quirk.id)
    return None


def _number(value: str) -> Decimal | None:
    """Raw decimal values only; of an honest length, for 1e999999 would be a text of a million digits."""
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    usual = number.is_finite() and len(value) <= _LONGEST_VALUE and abs(number.adjusted()) <= _LONGEST_VALUE
    return number if usual else None
