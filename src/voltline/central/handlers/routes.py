"""Which handler answers which action, and who may send it. One row a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any, NamedTuple

from voltline.base.promise import Promise
from voltline.central.domain.stations import Registration
from voltline.central.handlers.authorization import authorize
from voltline.central.handlers.boot import boot_notification, heartbeat
from voltline.central.handlers.certificates import security_event, sign_certificate
from voltline.central.handlers.data_transfer import data_transfer
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.handlers.file_jobs import (
    diagnostics_status,
    firmware_status,
    log_status,
    signed_firmware_status,
)
from voltline.central.handlers.metering import meter_values
from voltline.central.handlers.status import status_notification
from voltline.central.handlers.transactions import start_transaction, stop_transaction
from voltline.messages import (
    Authorize,
    BootNotification,
    DataTransfer,
    DiagnosticsStatusNotification,
    ErrorCode,
    FirmwareStatusNotification,
    Heartbeat,
    LogStatusNotification,
    MeterValues,
    Request,
    Response,
    SecurityEventNotification,
    SignCertificate,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from voltline.transport.connection import Connection
from voltline.transport.handlers import Handlers
from voltline.wire.errors import RemoteProtocolError

Handler = Callable[[Desk, Visit, Any, datetime], Response | Promise[Any] | Awaitable[Response]]


class Row(NamedTuple):
    request: type[Request[Any]]
    handler: Handler
    before_acceptance: bool = False
    """True: also from a charge point that is not accepted (yet)."""


ROUTES: tuple[Row, ...] = (
    Row(BootNotification, boot_notification, before_acceptance=True),
    Row(Heartbeat, heartbeat),
    Row(Authorize, authorize),
    Row(StatusNotification, status_notification),
    Row(StartTransaction, start_transaction),
    Row(MeterValues, meter_values),
    Row(StopTransaction, stop_transaction),
    Row(DataTransfer, data_transfer),
    Row(FirmwareStatusNotification, firmware_status),
    Row(SignedFirmwareStatusNotification, signed_firmware_status),
    Row(DiagnosticsStatusNotification, diagnostics_status),
    Row(LogStatusNotification, log_status),
    Row(SecurityEventNotification, security_event),
    Row(SignCertificate, sign_certificate),
)


def register(handlers: Handlers, desk: Desk, handled: MutableMapping[str, int]) -> None:
    """Let these handlers answer; what no row names is answered NotSupported (OCPP-J, table 7).

    `handled` counts by action what they are given.
    """
    for row in ROUTES:
        handlers.add(row.request, _served(desk, row, handled))


def _served(desk: Desk, row: Row, handled: MutableMapping[str, int]) -> Callable[[Connection, Any], Any]:
    handler, now = row.handler, desk.now
    action = row.request.__name__
    handled[action] = 0

    def of_anyone(peer: Connection, request: Any) -> Any:
        handled[action] += 1
        return handler(desk, peer.context, request, now())

    def of_accepted(peer: Connection, request: Any) -> Any:
        handled[action] += 1
        visit: Visit = peer.context
        if visit.registration is not Registration.ACCEPTED:
            # BOO-19, errata J 3.8
            raise RemoteProtocolError(
                ErrorCode.SECURITY_ERROR,
                f"{visit.identity} is {visit.registration}: send BootNotification until it is Accepted",
            )
        return handler(desk, visit, request, now())

    return of_anyone if row.before_acceptance else of_accepted
