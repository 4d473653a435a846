"""What the routes of many subjects have in common."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from voltline.central.api.problems import ApiError

Identity = Annotated[
    str, PathParameter(description="The charge point's identity, percent-encoded where needed; in any case.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="Most items in the answer.")]
Cursor = Annotated[str | None, QueryParameter(description="The next_cursor of the part before.")]
ChargePointFilter = Annotated[
    str | None, QueryParameter(description="Only those of the charge point with this identity.")
]


def no_such_charge_point(identity: Identity) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-charge-point",
        "Unknown charge point",
        f"No charge point {identity!r} was ever seen or registered; GET /api/v1/charge-points lists them.",
    )
