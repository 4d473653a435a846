"""Query parameters that a route does not have are refused: a misspelt filter must not give everything."""

from __future__ import annotations

import difflib
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from voltline.central.api.csv import FORMAT_PARAMETER, is_list
from voltline.central.api.problems import ApiError, Fault


def refuse_unknown_parameters(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard. Raises ApiError (400) with every parameter that the route does not have."""
    asked = connection.query_params
    if not asked:
        return
    known = _known_parameters(connection)
    if known is None:
        return
    faults = tuple(
        Fault(path=name, kind="unknown_parameter", text=_hint(name, known))
        for name in asked
        if name not in known
    )
    if faults:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "invalid-parameters",
            "Invalid parameters",
            f"{connection.url.path} was asked with parameters that it does not have.",
            errors=faults,
        )


def _known_parameters(connection: ASGIConnection[Any, Any, Any, Any]) -> frozenset[str] | None:
    """By name, in the order of the route; None where there is no telling."""
    known: dict[tuple[str, str], frozenset[str]] | None = connection.app.state.get("query_parameters")
    if known is None:
        known = {}
        for route in connection.app.routes:
            if isinstance(route, HTTPRoute):
                for method, (handler, model) in route.route_handler_map.items():
                    names = {definition.field_alias for definition in model.expected_query_params}
                    if is_list(handler.parsed_fn_signature.return_type.annotation):
                        names.add(FORMAT_PARAMETER)
                    known[route.path_format, str(method)] = frozenset(names)
        connection.app.state["query_parameters"] = known
    return known.get((connection.scope["path_template"], str(connection.scope.get("method"))))


def _hint(name: str, known: frozenset[str]) -> str:
    if not known:
        return "This route takes no parameters."
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"There is no such parameter; did you mean {near[0]}?"
    return f"There is no such parameter; there are: {', '.join(sorted(known))}."
