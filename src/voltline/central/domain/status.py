"""What connectors say of themselves."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class ConnectorState(Struct, frozen=True, kw_only=True):
    """The last StatusNotification of a connector; connector 0 is the charge point itself (S 4.9).

    Status and error code are kept as they came, also where OCPP 1.6 does not know the word.
    """

    connector_id: int
    status: str
    error_code: str
    info: str | None = None
    vendor_id: str | None = None
    vendor_error_code: str | None = None
    since: datetime
    """The time that the charge point gave; without one, that of receipt (STN-16)."""
    received_at: datetime


class PastConnectorState(ConnectorState, frozen=True, kw_only=True):
    """A StatusNotification as the history has it."""

    id: int
