"""Changing what is stored, for somebody who asked by the API and does not wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar, TypeVarTuple

from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.services.ports import UnitOfWork, WriterClosed

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_PATIENCE_S = 10.0


async def write(site: Site, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> T:
    """Do this work; its result once that is durable. Raises ApiError (503) while nothing can be stored."""
    if not site.writer.healthy:
        raise _unavailable(f"Nothing was changed: {site.writer.last_error}")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            # What is in the writer's line is done, whether somebody waits for it or not.
            return await asyncio.shield(site.writer.submit(work, *args))
    except TimeoutError:
        raise _unavailable("It is not stored yet, and will be as soon as that is possible.") from None
    except WriterClosed:
        raise _unavailable("The central system is stopping; nothing was changed.") from None


def _unavailable(detail: str) -> ApiError:
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", "Database unavailable", detail)
