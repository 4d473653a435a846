"""The routes put together."""

from __future__ import annotations

import asyncio
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, Request, Router, get
from litestar.di import Provide
from litestar.response import Response
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from voltline.central.api import (
    access_routes,
    certificate_routes,
    charging_routes,
    command_routes,
    configuration_routes,
    control_routes,
    data_transfer_routes,
    event_routes,
    file_job_routes,
    file_routes,
    finding_routes,
    health_route,
    id_tag_routes,
    job_routes,
    limit_routes,
    local_list_routes,
    message_routes,
    quarantine_routes,
    quirk_routes,
    remote_routes,
    reservation_routes,
    site_plan_routes,
    site_routes,
    station_routes,
    transaction_routes,
)
from voltline.central.api.access import admission
from voltline.central.api.adjustments import tell_adjustments
from voltline.central.api.csv import AnyFormat
from voltline.central.api.needs import Site
from voltline.central.api.openapi import description
from voltline.central.api.parameters import refuse_odd_numbers, refuse_unknown_parameters
from voltline.central.api.problems import EXCEPTION_HANDLERS, ApiError, allowed_methods
from voltline.central.services.adjusting import begin_notes

PREFIX = "/api/v1"

_SUBJECTS = (
    station_routes,
    configuration_routes,
    control_routes,
    quarantine_routes,
    transaction_routes,
    remote_routes,
    id_tag_routes,
    local_list_routes,
    reservation_routes,
    file_job_routes,
    file_routes,
    certificate_routes,
    data_transfer_routes,
    charging_routes,
    limit_routes,
    site_routes,
    site_plan_routes,
    quirk_routes,
    command_routes,
    job_routes,
    message_routes,
    finding_routes,
    event_routes,
    access_routes,
)


@cache
def described() -> bytes:
    """The OpenAPI document as JSON. Takes some hundred milliseconds, once."""
    return description(_routes())


def application(site: Site) -> Litestar:
    """The REST API as an ASGI application."""

    @get("/openapi.json", include_in_schema=False, operation_id="getDescription")
    async def openapi() -> Response[bytes]:
        return Response(await asyncio.to_thread(described), media_type="application/json")

    def provided() -> Site:
        return site

    return Litestar(
        route_handlers=[*_routes(), Router(PREFIX, route_handlers=[openapi])],
        dependencies={"site": Provide(provided, sync_to_thread=False)},
        guards=[admission(site), refuse_odd_numbers, refuse_unknown_parameters],
        before_request=_before,
        after_request=tell_adjustments,
        middleware=[_answer_options],
        response_class=AnyFormat,
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )


def _answer_options(app: ASGIApp) -> ASGIApp:
    """The framework's own answer names the methods of one of the handlers at an address."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "OPTIONS":
            await app(scope, receive, send)
            return
        allowed = ", ".join(allowed_methods(Request(scope)))
        await ASGIResponse(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})(
            scope, receive, send
        )

    return answer


async def _before(request: Request[Any, Any, Any]) -> None:
    begin_notes()
    _refuse_other_sites(request)


def _refuse_other_sites(request: Request[Any, Any, Any]) -> None:
    """Raise ApiError (403) for what a web page of another site asks in its visitor's name.

    Such a page reaches an address that only the visitor's own machine should.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ApiError(
            HTTPStatus.FORBIDDEN,
            "foreign-origin",
            "Foreign origin",
            f"A web page of {origin} may not use this API.",
        )


def _routes() -> list[Any]:
    handlers = [route for subject in _SUBJECTS for route in subject.ROUTES]
    return [*health_route.ROUTES, Router(PREFIX, route_handlers=handlers)]
