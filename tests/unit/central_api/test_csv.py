"""Lists as CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, get
from litestar.params import FromQuery
from litestar.testing import TestClient

from voltline.central.api.csv import AnyFormat, columns_of, csv_lines
from voltline.central.api.problems import EXCEPTION_HANDLERS


class Inner(msgspec.Struct):
    energy_wh: int | None
    at: datetime | None = None


class Item(msgspec.Struct):
    id: int
    text: str
    inner: Inner | None = None
    tags: list[str] = []
    flag: bool | None = None
    note: str | msgspec.UnsetType = msgspec.UNSET


class ItemPage(msgspec.Struct):
    items: list[Item]
    next_cursor: str | None


TEXT = 'a "quoted", text\nof two lines'
ITEMS = [
    Item(
        1, 'a "quoted", text\nof two lines', Inner(5, datetime(2026, 1, 2, tzinfo=UTC)), ["x", "y"], True, "n"
    ),
    Item(2, "=1+2"),
]


@get("/things")
async def things(cursor: FromQuery[str | None] = None) -> ItemPage:
    return ItemPage(ITEMS if cursor is None else [], "next one" if cursor is None else None)


@get("/thing")
async def thing() -> Item:
    return ITEMS[0]


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    app = Litestar(
        [things, thing],
        response_class=AnyFormat,
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    with TestClient(app) as client:
        yield client


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/things?format=csv", "*/*"),
        ("/things?format=csv", "application/json"),
        ("/things", "text/csv"),
        ("/things", "text/csv;q=0.9, application/json;q=0.1"),
    ],
)
def test_a_list_is_csv_where_that_is_asked_for(api: httpx.Client, path: str, accept: str) -> None:
    response = api.get(path, headers={"Accept": accept})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows(response.text) == [
        ["id", "text", "inner.energy_wh", "inner.at", "tags", "flag", "note"],
        ["1", TEXT, "5", "2026-01-02T00:00:00Z", '["x","y"]', "true", "n"],
        ["2", "'=1+2", "", "", "[]", "", ""],
    ]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/things", "*/*"),
        ("/things?format=json", "text/csv"),
        ("/things", "application/json, text/csv;q=0.5"),
        ("/things", "image/png"),
        ("/thing", "text/csv"),
    ],
)
def test_everything_else_is_json(api: httpx.Client, path: str, accept: str) -> None:
    response = api.get(path, headers={"Accept": accept})
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.json(), dict)


def test_an_unknown_format_is_refused(api: httpx.Client) -> None:
    response = api.get("/things?format=xml")
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "format")


def test_link_leads_to_the_next_part(api: httpx.Client) -> None:
    response = api.get("/things?limit=2&format=csv")
    assert response.links["next"]["url"] == "/things?limit=2&format=csv&cursor=next+one"
    assert "link" not in api.get(response.links["next"]["url"]).headers


def test_an_empty_list_has_its_columns(api: httpx.Client) -> None:
    assert len(rows(api.get("/things?format=csv&cursor=x").text)) == 1


@given(st.lists(st.builds(Item, st.integers(), st.text(), tags=st.lists(st.text(max_size=3), max_size=2))))
def test_every_item_is_one_row(items: list[Item]) -> None:
    written = b"".join(csv_lines(Item, items)).decode()
    read = rows(written)
    assert len(read) == len(items) + 1
    assert {len(row) for row in read} == {len(columns_of(Item))}
