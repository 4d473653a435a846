"""Request bodies: JSON objects, read so that everything that is wrong with one is told at once.

A route takes the request and reads its body with `read_body(request, Shape)`; `opt={BODY: Shape}` among the
route's arguments puts the shape into the OpenAPI description. Shapes are Structs; unknown fields are faults.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from litestar import Request
from msgspec import NODEFAULT, Struct

from voltline.central.api.problems import ApiError, Fault

BODY = "body"
"""The key of a route's `opt` that holds the Struct of its body."""

T = TypeVar("T", bound=Struct)

_PLACE = re.compile(r"(?P<text>.*) - at `\$(?P<path>.*)`", re.DOTALL)


async def read_body(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The body as one of these; no body counts as `{}`. Raises ApiError (422) with every field at fault."""
    raw = await request.body() or b"{}"
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_body(Fault(path="$", kind="bad_json", text=f"This is not JSON: {error}")) from error
    if not isinstance(given, dict):
        raise invalid_body(Fault(path="$", kind="wrong_type", text="This is not a JSON object."))
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            known = ", ".join(fields) or "none"
            text = f"There is no such field; the fields are: {known}."
            faults.append(Fault(path=f"$.{name}", kind="unknown_field", text=text))
            continue
        try:
            values[field.name] = msgspec.convert(value, field.type)
        except (msgspec.ValidationError, OverflowError, RecursionError) as error:
            faults.append(_fault(name, str(error)))
    for name, field in fields.items():
        required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if required and name not in given:
            faults.append(Fault(path=f"$.{name}", kind="missing", text="This field is required."))
    if faults:
        raise invalid_body(*faults)
    return shape(**values)


def invalid_body(*faults: Fault) -> ApiError:
    """What to raise for a body with these faults."""
    count = "one thing is" if len(faults) == 1 else f"{len(faults)} things are"
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-body",
        "Invalid body",
        f"{count.capitalize()} wrong with the body; nothing was done.",
        errors=faults,
    )


def _fault(name: str, error: str) -> Fault:
    place = _PLACE.fullmatch(error)
    text, path = (place["text"], place["path"]) if place else (error, "")
    return Fault(path=f"$.{name}{path}", kind="invalid_value", text=f"{text}.")
