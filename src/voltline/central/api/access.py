"""Who may come in: every request passes here before anything else is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.roles import role_needed
from voltline.central.domain.access import ANYBODY, Principal
from voltline.central.services.acting import act_as

_Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[_Connection, BaseRouteHandler], Awaitable[None]]


def admission(site: Site) -> Guard:
    """A guard that raises ApiError (401, 403) for who may not do what he asks for."""

    async def admit(connection: _Connection, handler: BaseRouteHandler) -> None:
        role = role_needed(handler)
        if role is None:
            return
        principal = await _principal(site, connection)
        if not principal.role.covers(role):
            raise ApiError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                "Forbidden",
                f"{principal.name} is {principal.role}; this needs {role}.",
                headers={"WWW-Authenticate": _challenge("insufficient_scope")},
            )
        connection.scope["user"] = principal
        act_as(principal.name)

    return admit


def principal_of(connection: _Connection) -> Principal:
    """Who asks."""
    principal: Principal = connection.scope["user"]
    return principal


async def _principal(site: Site, connection: _Connection) -> Principal:
    if site.gate is None:
        return ANYBODY
    if not await site.gate.asks():
        _require_own_host(connection)
        return ANYBODY
    given = connection.headers.get("authorization")
    if given is None:
        raise _unauthorized("This API asks for a token: send the header Authorization: Bearer TOKEN.", None)
    scheme, _, written = given.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("The header Authorization has to read: Bearer TOKEN.", "invalid_request")
    principal = await site.gate.principal(written.strip())
    if principal is None:
        raise _unauthorized("This token is unknown, has expired or was revoked.", "invalid_token")
    return principal


def _require_own_host(connection: _Connection) -> None:
    """Raise ApiError (403) for a name that somebody else let point at this machine (DNS rebinding)."""
    host = connection.headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.strip("[]").rstrip(".").lower() != "localhost" and not _is_loopback(name.strip("[]")):
        raise ApiError(
            HTTPStatus.FORBIDDEN,
            "foreign-host",
            "Foreign host",
            f"Without tokens this API answers to localhost, not to {host!r}. "
            "`voltline token add NAME` makes a token.",
        )


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _unauthorized(detail: str, error: str | None) -> ApiError:
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "Unauthorized",
        detail,
        headers={"WWW-Authenticate": _challenge(error)},
    )


def _challenge(error: str | None) -> str:
    """RFC 6750, 3."""
    return 'Bearer realm="voltline"' + (f', error="{error}"' if error else "")
