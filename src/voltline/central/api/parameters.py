"""Parameters that a route cannot take are refused: a misspelt filter must not give everything."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from voltline.central.api.csv import FORMAT_PARAMETER, is_list
from voltline.central.api.problems import ApiError, Fault

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_Connection = ASGIConnection[Any, Any, Any, Any]


class _Parameter(Struct, frozen=True):
    """A query parameter of a route."""

    many: bool
    """Whether it may be given more than once."""
    text: bool
    """Whether it may be any text."""
    moment: bool = False
    """Whether it is a point in time."""


_Parameters = Mapping[str, _Parameter]


def refuse_unknown_parameters(connection: _Connection, _: BaseRouteHandler) -> None:
    """A guard. Raises ApiError (400) with every parameter that the route does not have, or not so often."""
    asked = connection.query_params
    if not asked:
        return
    known = _known_parameters(connection)
    if known is None:
        return
    faults = tuple(_faults(asked, known))
    if faults:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "invalid-parameters",
            "Invalid parameters",
            f"{connection.url.path} was asked with parameters that it cannot take.",
            errors=faults,
        )


def refuse_odd_numbers(connection: _Connection, _: BaseRouteHandler) -> None:
    """A guard. Raises NotFoundException for a number in the path that is written in another way than ours.

    The framework reads it as Python does, which passes over blanks of many kinds, underscores and zeros.
    """
    numbers = [value for value in connection.path_params.values() if isinstance(value, int)]
    if numbers:
        segments = connection.scope["path"].split("/")
        if not all(str(number) in segments for number in numbers):
            raise NotFoundException


def _faults(asked: Any, known: _Parameters) -> Iterator[Fault]:
    for name in asked:
        parameter = known.get(name)
        if parameter is None:
            yield Fault(path=name, kind="unknown_parameter", text=_hint(name, known))
            continue
        values = asked.getall(name)
        if len(values) > 1 and not parameter.many:
            text = f"This parameter can be given once; it is given {len(values)} times."
            yield Fault(path=name, kind="repeated_parameter", text=text)
        elif not parameter.text and any(value.lower() == "null" for value in values):
            # The framework would take it for no value at all.
            text = "null is no value; leave the parameter out."
            yield Fault(path=name, kind="invalid_parameter", text=text)
        elif parameter.moment and not all(_DATE.match(value) for value in values):
            # The framework would take a number for seconds since 1970.
            text = "This is no point in time; give one such as 2026-01-31T12:00:00Z."
            yield Fault(path=name, kind="invalid_parameter", text=text)


def _known_parameters(connection: _Connection) -> _Parameters | None:
    """Of the route that was asked; None where there is no telling."""
    known: dict[tuple[str, str], _Parameters] | None = connection.app.state.get("query_parameters")
    if known is None:
        known = {}
        for route in connection.app.routes:
            if isinstance(route, HTTPRoute):
                for method, (handler, model) in route.route_handler_map.items():
                    known[route.path_format, str(method)] = _parameters(handler, model)
        connection.app.state["query_parameters"] = known
    return known.get((connection.scope["path_template"], str(connection.scope.get("method"))))


def _parameters(handler: Any, model: Any) -> _Parameters:
    signature = handler.parsed_fn_signature
    found = {}
    for definition in model.expected_query_params:
        declared = signature.parameters.get(definition.field_name)
        kinds = () if declared is None else _kinds(declared.annotation)
        found[definition.field_alias] = _Parameter(
            many=definition.is_sequence, text=str in kinds, moment=datetime in kinds
        )
    if is_list(signature.return_type.annotation):
        found[FORMAT_PARAMETER] = _Parameter(many=False, text=True)
    return found


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The types that a value may have."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    parts = typing.get_args(annotation)
    return tuple(kind for part in parts for kind in _kinds(part)) if parts else (annotation,)


def _hint(name: str, known: _Parameters) -> str:
    if not known:
        return "This route takes no parameters."
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"There is no such parameter; did you mean {near[0]}?"
    return f"There is no such parameter; there are: {', '.join(sorted(known))}."
