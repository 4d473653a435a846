"""Which role each route needs: a table, and a rule for what is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.handlers import BaseRouteHandler

from voltline.central.domain.access import Role

EXCEPTIONS: Mapping[str, Role | None] = {
    "getHealth": None,
    "getReadiness": None,
    "getDescription": None,
    "listTokens": Role.ADMIN,
    "addToken": Role.ADMIN,
    "revokeToken": Role.ADMIN,
}
"""By operation; None: everybody. Any other needs viewer to be read with GET, operator for all else."""


def role_needed(handler: BaseRouteHandler) -> Role | None:
    """What somebody must be to use this route; None: nobody is asked."""
    operation: Any = getattr(handler, "operation_id", None)
    if isinstance(operation, str) and operation in EXCEPTIONS:
        return EXCEPTIONS[operation]
    methods = {str(method) for method in getattr(handler, "http_methods", ())}
    if methods == {"OPTIONS"}:
        return None
    return Role.VIEWER if methods <= {"GET", "HEAD"} else Role.OPERATOR
