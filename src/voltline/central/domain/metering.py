"""Meter values: what a sampled value means where the charge point left something out (S 7.43)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

DEFAULT_MEASURAND = "Energy.Active.Import.Register"
DEFAULT_CONTEXT = "Sample.Periodic"
DEFAULT_FORMAT = "Raw"
DEFAULT_LOCATION = "Outlet"
DEFAULT_ENERGY_UNIT = "Wh"


class Reading(Struct, frozen=True, kw_only=True):
    """One sampled value with its defaults filled in (MTV-11)."""

    measured_at: datetime
    connector_id: int
    value: str
    """Exactly as sent: decimal text for Raw, hexadecimal text for SignedData. Never a float."""
    measurand: str = DEFAULT_MEASURAND
    unit: str | None = None
    """None: neither said nor implied."""
    context: str = DEFAULT_CONTEXT
    phase: str | None = None
    """None: the overall value (MTV-13)."""
    location: str = DEFAULT_LOCATION
    format: str = DEFAULT_FORMAT
    from_stop: bool = False
    """True: came with StopTransaction as transactionData."""
    received_at: datetime


def default_unit(measurand: str) -> str | None:
    """The unit of a value that names none: energy is in Wh (S 7.43), all else is unsaid."""
    return DEFAULT_ENERGY_UNIT if measurand.startswith("Energy.") else None
