"""How the inspector of live traffic stands."""

from __future__ import annotations

from msgspec import Struct


class InspectionFigures(Struct, frozen=True, kw_only=True):
    """Counts are of this process, since its start."""

    running: bool
    """Its process is there; it is started by the first frames."""
    coverage: float
    """Which part of the charge points is looked at, 0 to 1."""
    frames: int
    """Looked at."""
    left_out: int
    """Not looked at, because the inspector could not follow or was being started."""
    lag_s: float
    """How long ago the oldest frames came that are not looked at yet; 0: all are."""
    restarts: int
    charge_points: int
    """Of which something is known."""
    memory_bytes: int
    """Of its process; 0 where the system does not tell."""
    unkept: int
    """Findings for which there was no room."""
