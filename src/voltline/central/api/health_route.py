"""Is the central system well? For load balancers and service managers."""

from __future__ import annotations

from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency

from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.shapes import Health


@get("/healthz", operation_id="getHealth", summary="Show whether all is well", tags=["Operations"])
async def healthz(site: NamedDependency[Site]) -> Health:
    """200 while what charge points report is being stored, 503 while it cannot be."""
    if not site.writer.healthy:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database-unavailable",
            "Database unavailable",
            f"Nothing can be stored, so charge points are not answered: {site.writer.last_error}",
        )
    return Health(status="ok", waiting=site.writer.waiting, connected=len(site.lines))
