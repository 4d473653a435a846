"""How the central system is: for service managers, load balancers and Prometheus."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, get
from litestar.di import NamedDependency

from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.shapes import Health


@get("/healthz", operation_id="getHealth", summary="Show whether it is alive", tags=["Operations"])
async def healthz(site: NamedDependency[Site]) -> Health:
    """200 as long as the process works at all.

    Also while the database is out of reach: what was received is held in memory then, and would be lost
    with the process.
    """
    return Health(
        status="ok" if site.writer.healthy else "waiting-for-database",
        waiting=site.writer.waiting,
        connected=len(site.lines),
    )


@get(
    "/readyz",
    sync_to_thread=True,
    operation_id="getReadiness",
    summary="Show whether all is well",
    tags=["Operations"],
)
def readyz(site: NamedDependency[Site]) -> Health:
    """200 while what charge points report is being stored and can be read, 503 while it cannot be."""
    if not site.writer.healthy:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database-unavailable",
            "Database unavailable",
            f"Nothing can be stored, so charge points are not answered: {site.writer.last_error}",
        )
    site.queries.station("")  # any question will do
    return Health(status="ok", waiting=site.writer.waiting, connected=len(site.lines))


@get(
    "/metrics",
    sync_to_thread=True,
    operation_id="getMetrics",
    summary="Show metrics for Prometheus",
    tags=["Operations"],
    media_type="text/plain",
)
def metrics(site: NamedDependency[Site]) -> Response[str]:
    """What the process has done and how it is, in the text format of Prometheus."""
    text = "" if site.metrics is None else site.metrics().decode()
    return Response(text, media_type="text/plain; version=0.0.4")


ROUTES = [healthz, readyz, metrics]
