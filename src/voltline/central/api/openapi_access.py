"""What the OpenAPI description says of access: the scheme, and the role that each operation needs."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from litestar.handlers import BaseRouteHandler

from voltline.central.api.problems import MEDIA_TYPE
from voltline.central.api.roles import role_needed

_SCHEME = "token"
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token that `voltline token add NAME --role ROLE` or POST /api/v1/tokens made. While "
    "there never was one, the API can be reached from its own machine only, and asks nobody. The name in the "
    "list is the role that an operation needs: admin may do all that operator may, operator all that viewer "
    "may.",
}
_CHALLENGE = {"description": "RFC 6750, 3.", "schema": {"type": "string"}}
_PROBLEMS = {
    HTTPStatus.UNAUTHORIZED: "No token, or one that is unknown, has expired or was revoked.",
    HTTPStatus.FORBIDDEN: "The token's role is not enough; or a web page of another site asks.",
}


def describe_access(
    document: dict[str, Any], handled: Iterable[tuple[dict[str, Any], BaseRouteHandler]]
) -> None:
    """Add to each operation which role it needs, and the two problems of those who do not have it."""
    document["components"]["securitySchemes"] = {_SCHEME: _TOKEN}
    for operation, handler in handled:
        role = role_needed(handler)
        operation["security"] = [] if role is None else [{_SCHEME: [str(role)]}]
        if role is None:
            continue
        responses = operation["responses"]
        for status, text in _PROBLEMS.items():
            described = responses.setdefault(str(int(status)), {"description": text})
            described["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            described["headers"] = {"WWW-Authenticate": _CHALLENGE}
        operation["responses"] = dict(sorted(responses.items()))
