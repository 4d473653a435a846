"""Security events that charge points report (security whitepaper, A04 and chapter 8)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

CRITICAL = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
    }
)
"""The events that the whitepaper calls critical (SEV-05)."""


class SecurityEvent(Struct, frozen=True, kw_only=True):
    """A security event."""

    id: int
    charge_point: str
    type: str
    tech_info: str | None
    happened_at: datetime
    """By the charge point's clock."""
    received_at: datetime
    times: int
    """How often it was sent: a charge point that got no answer sends it again (SEV-02)."""

    @property
    def critical(self) -> bool:
        return self.type in CRITICAL


class SecurityEventSeen(Struct, frozen=True, kw_only=True):
    """security.event: what a charge point reported."""

    type: str
    tech_info: str | None
    happened_at: datetime
    critical: bool
