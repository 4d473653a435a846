"""Sending a command for somebody who asked by the API, and what to tell him when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from voltline.central.api.needs import Line, Site
from voltline.central.api.problems import ApiError, Fault, PeerError
from voltline.central.api.reading_routes import no_such_charge_point
from voltline.central.domain.stations import Registration
from voltline.messages import (
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    MessageTrigger,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Request,
    Response,
    TriggerMessage,
    action_of,
)
from voltline.wire.errors import (
    CallError,
    CallTimeout,
    LocalProtocolError,
    NotConnected,
    QueueFull,
    RemoteProtocolError,
)

Conf = TypeVar("Conf", bound=Response)


async def live_line(site: Site, identity: str) -> Line:
    """The connection of a charge point; raises ApiError: 404 if there is no such one, 409 if it is gone."""
    line = site.lines.line(identity)
    if line is not None:
        return line
    if await asyncio.to_thread(site.queries.station, identity) is None:
        raise no_such_charge_point(identity)
    raise ApiError(
        HTTPStatus.CONFLICT,
        "not-connected",
        "Not connected",
        f"Charge point {identity!r} is not connected; nothing was sent.",
    )


async def send(site: Site, identity: str, command: Request[Conf], *, timeout_s: float | None = None) -> Conf:
    """Send a command and wait for the answer. Raises ApiError for every way in which that can fail."""
    line = await live_line(site, identity)
    require_welcome(line, identity, command)
    return await answer_of(line, identity, command, timeout_s=timeout_s)


def require_welcome(line: Line, identity: str, command: Request[Conf]) -> None:
    """Raise ApiError (409) for the few commands that OCPP forbids a central system to send.

    Nothing to one that is rejected (BOO-12), no remote start or stop to one that is pending (BOO-18), and
    BootNotification is not triggered again once one was accepted (BOO-21). All else is for the charge
    point to judge.
    """
    action = action_of(command).name
    waiting = line.registration is Registration.PENDING
    if line.registration is Registration.REJECTED or (
        waiting and isinstance(command, RemoteStartTransaction | RemoteStopTransaction)
    ):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "not-accepted",
            "Charge point not accepted",
            f"Charge point {identity!r} is {line.registration}: it is not sent {action} (OCPP 1.6, 4.2).",
        )
    if line.boot_accepted and _triggers_boot(command):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "boot-accepted",
            "Boot accepted",
            f"The boot of charge point {identity!r} was accepted, so BootNotification must not be triggered "
            "(OCPP 1.6 errata 3.40); reboot it instead.",
        )


def _triggers_boot(command: Request[Conf]) -> bool:
    match command:
        case TriggerMessage():
            return command.requested_message == MessageTrigger.BOOT_NOTIFICATION
        case ExtendedTriggerMessage():
            return command.requested_message == ExtendedMessageTrigger.BOOT_NOTIFICATION
    return False


async def answer_of(
    line: Line, identity: str, command: Request[Conf], *, timeout_s: float | None = None
) -> Conf:
    """What the charge point answers. Raises ApiError (502, 503, 504) where there is no usable answer."""
    with failures_told(identity, action_of(command).name):
        return await line.call(command, timeout_s=timeout_s)


@contextmanager
def failures_told(identity: str, action: str) -> Iterator[None]:
    """Raise ApiError for whatever may go wrong with a call to a charge point inside."""
    try:
        yield
    except LocalProtocolError as error:
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-command", "Invalid command", str(error)
        ) from error
    except CallError as error:
        raise ApiError(
            HTTPStatus.BAD_GATEWAY,
            "call-error",
            "The charge point answered with an error",
            f"Charge point {identity!r} answered {action} with {error.code}"
            + (f": {error.description}" if error.description else "."),
            call_error=PeerError(code=error.code, description=error.description, details=dict(error.details)),
        ) from error
    except RemoteProtocolError as error:
        raise ApiError(
            HTTPStatus.BAD_GATEWAY,
            "unusable-answer",
            "The charge point's answer cannot be used",
            f"Charge point {identity!r} acted on {action}, perhaps: {error.text}",
            errors=(Fault(path=error.path or "$", kind=error.code, text=error.text),),
        ) from error
    except CallTimeout as error:
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT,
            "no-answer",
            "No answer in time",
            f"Charge point {identity!r} did not answer {action} in time. Whether it acted is not known.",
        ) from error
    except NotConnected as error:
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT,
            "connection-lost",
            "Connection lost",
            f"Charge point {identity!r} was disconnected before it answered {action}; "
            "whether it acted on it is not known.",
        ) from error
    except QueueFull as error:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "queue-full",
            "Too many commands wait",
            f"As many commands as possible wait for charge point {identity!r}; {action} was not sent.",
        ) from error
