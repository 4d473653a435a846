"""Lists as CSV: what every route that answers with `items` can give besides JSON.

A client asks by `?format=csv` or `Accept: text/csv`. Columns are the fields of the items; a field that is an
object becomes columns of its own (`start.meter_wh`), a list becomes its JSON. Where the list goes on, the
header `Link` has the address of the next part.
"""

from __future__ import annotations

import csv
import io
import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from itertools import islice
from types import UnionType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

from voltline.base.cells import safe_cell
from voltline.central.api.problems import ApiError, Fault

MEDIA_TYPE = "text/csv"
FORMAT_PARAMETER = "format"
FORMATS = ("json", "csv")

_ROWS_A_CHUNK = 200


class AnyFormat(Response[Any]):
    """The API's answer: JSON, or CSV where a list was asked for so."""

    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], **settings: Any
    ) -> ASGIResponse:  # the framework's keywords are passed on as they are
        if is_list(type(self.content)) and wants_csv(request):
            return _csv_response(self.content, request, settings.get("headers") or {})
        return super().to_asgi_response(app, request, **settings)


def is_list(kind: Any) -> bool:
    """Whether a route that answers with this type answers with a list."""
    return item_type(kind) is not None


@cache
def item_type(kind: Any) -> Any:
    """What the `items` of this type are; None: it is no list of objects."""
    if not (
        isinstance(kind, type) and issubclass(kind, msgspec.Struct) and "items" in kind.__struct_fields__
    ):
        return None
    for field in msgspec.structs.fields(kind):
        if field.name == "items" and typing.get_origin(field.type) in (list, tuple):
            item = typing.get_args(field.type)[0]
            return item if _is_struct(item) else None
    return None


def wants_csv(request: Request[Any, Any, Any]) -> bool:
    """Raises ApiError (400) for a format that there is none of."""
    asked = request.query_params.get(FORMAT_PARAMETER)
    if asked is None:
        return "csv" in request.headers.get("accept", "") and (
            request.accept.best_match(["application/json", MEDIA_TYPE]) == MEDIA_TYPE
        )
    if asked not in FORMATS:
        text = f"{asked!r} is not a format; give json or csv."
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "invalid-parameters",
            "Invalid parameters",
            text,
            errors=(Fault(path=FORMAT_PARAMETER, kind="invalid_parameter", text=text),),
        )
    return bool(asked == "csv")


def csv_lines(kind: Any, items: Iterable[Any]) -> Iterator[bytes]:
    """The list as CSV (RFC 4180), some rows at a time, a line with the names of the columns first.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    columns = columns_of(kind)
    yield _written([columns])
    rows = (_cells(columns, item) for item in items)
    while chunk := list(islice(rows, _ROWS_A_CHUNK)):
        yield _written(chunk)


def columns_of(kind: Any) -> Sequence[str]:
    """The names of the columns for items of this type."""
    return tuple(_columns(kind, ""))


def _csv_response(content: Any, request: Request[Any, Any, Any], headers: Mapping[str, str]) -> ASGIResponse:
    name = request.url.path.rstrip("/").rpartition("/")[2]
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "list"
    sent = {**headers, "content-disposition": f'inline; filename="{name}.csv"'}
    following = getattr(content, "next_cursor", None)
    if following is not None:
        query = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "cursor"]
        sent["link"] = f'<{request.url.path}?{urlencode([*query, ("cursor", following)])}>; rel="next"'
    return ASGIStreamingResponse(
        iterator=csv_lines(item_type(content.__class__), content.items),
        media_type=MEDIA_TYPE,
        headers=sent,
        status_code=HTTPStatus.OK,
    )


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _columns(kind: Any, prefix: str) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        inner = _inner_struct(field.type)
        if inner is None:
            yield f"{prefix}{field.encode_name}"
        else:
            yield from _columns(inner, f"{prefix}{field.encode_name}.")


def _inner_struct(kind: Any) -> Any:
    """The one Struct that a field of this type may hold; None: it holds something else."""
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in (typing.Union, UnionType):
        kinds = [one for one in typing.get_args(kind) if one not in (type(None), msgspec.UnsetType)]
        kind = kinds[0] if len(kinds) == 1 else None
    return kind if _is_struct(kind) else None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _cells(columns: Sequence[str], item: Any) -> list[str]:
    # By way of JSON: the cells then say exactly what the JSON says, of times and words as well.
    values: dict[str, Any] = {}
    _flatten(msgspec.json.decode(msgspec.json.encode(item)), "", frozenset(columns), values)
    return [safe_cell(values.get(column)) for column in columns]


def _flatten(node: Mapping[str, Any], prefix: str, columns: frozenset[str], into: dict[str, Any]) -> None:
    for name, value in node.items():
        if isinstance(value, dict) and prefix + name not in columns:
            _flatten(value, f"{prefix}{name}.", columns, into)
        else:
            into[prefix + name] = value
