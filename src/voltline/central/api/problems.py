"""Errors of the REST API, as application/problem+json (RFC 9457).

Every error of every route has this one shape, also those that the web framework raises by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.routes import HTTPRoute
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType

from voltline.central.services.ports import StorageUnavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a request."""

    path: str
    """Where: a JSON path in the body (`$.connectorId`) or the name of a query parameter."""
    kind: str
    """What kind of fault, as a word for programs."""
    text: str
    """The same for people."""


class PeerError(Struct, frozen=True, kw_only=True):
    """The CALLERROR with which a charge point answered."""

    code: str
    description: str
    details: dict[str, Any]


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong (RFC 9457)."""

    type: str
    """Names the kind of problem: `urn:voltline:problem:` and a word."""
    title: str
    """The kind of problem in words; the same for every problem of one type."""
    status: int
    detail: str
    """What went wrong this time, and what to do about it."""
    errors: tuple[Fault, ...] | UnsetType = UNSET
    """All that is wrong with the request."""
    call_error: PeerError | UnsetType = UNSET
    """What the charge point answered."""


class ApiError(Exception):
    """Ends a request with a problem. `kind` is the last word of the problem's type."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        title: str,
        detail: str,
        *,
        errors: tuple[Fault, ...] | UnsetType = UNSET,
        call_error: PeerError | UnsetType = UNSET,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.problem = Problem(
            type=f"urn:voltline:problem:{kind}",
            title=title,
            status=status,
            detail=detail,
            errors=errors,
            call_error=call_error,
        )


def _respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def _api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    return _respond(error.problem, error.headers)


def _invalid_parameters(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    extra = error.extra if isinstance(error.extra, list) else []
    faults = tuple(
        Fault(
            path=str(entry.get("key", "")),
            kind="invalid_parameter",
            text=str(entry.get("message", "")),
        )
        for entry in extra
        if isinstance(entry, dict)
    )
    problem = Problem(
        type="urn:voltline:problem:invalid-parameters",
        title="Invalid parameters",
        status=HTTPStatus.BAD_REQUEST,
        detail=f"{request.url.path} was asked with parameters that it cannot take.",
        errors=faults,
    )
    return _respond(problem)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path}; /api/v1/openapi.json lists what there is."
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = allowed = ", ".join(allowed_methods(request))
        detail = f"{request.method} is not possible at {request.url.path}; use {allowed}."
    problem = Problem(
        type=f"urn:voltline:problem:{status.phrase.lower().replace(' ', '-')}",
        title=status.phrase,
        status=status,
        detail=detail,
    )
    return _respond(problem, headers)


def allowed_methods(request: Request[Any, Any, Any]) -> list[str]:
    """What may be done at this address, whichever handler does it."""
    segments = request.url.path.strip("/").split("/")
    allowed: dict[tuple[bool, ...], set[str]] = {}
    for route in request.app.routes:
        pattern = route.path_format.strip("/").split("/")
        if isinstance(route, HTTPRoute) and len(pattern) == len(segments):
            pairs = zip(pattern, segments, strict=True)
            if all(expected == given or expected.startswith("{") for expected, given in pairs):
                literal = tuple(not expected.startswith("{") for expected in pattern)
                allowed.setdefault(literal, set()).update(route.methods)
    return sorted(allowed[max(allowed)]) if allowed else []  # a literal segment goes before a parameter


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    problem = Problem(
        type="urn:voltline:problem:internal-server-error",
        title="Internal server error",
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        detail="Something went wrong inside Voltline; its log has the details.",
    )
    return _respond(problem)


def _storage_unavailable(_: Request[Any, Any, Any], error: StorageUnavailable) -> Response[bytes]:
    problem = Problem(
        type="urn:voltline:problem:database-unavailable",
        title="Database unavailable",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        detail=f"The database cannot be read just now: {error}",
    )
    return _respond(problem)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ApiError: _api_error,
    StorageUnavailable: _storage_unavailable,
    ValidationException: _invalid_parameters,
    HTTPException: _http_error,
    Exception: _unexpected,
}
