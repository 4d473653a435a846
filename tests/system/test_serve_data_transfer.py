"""Messages of a vendor's own: by rules, by a URL, by a program, and to the charge point."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

from voltline.central.app import Central
from voltline.central.settings import (
    DataSettings,
    FilesSettings,
    HttpSettings,
    OcppSettings,
    ProceduresSettings,
    Settings,
)
from voltline.messages import DataTransfer, DataTransferResponse, DataTransferStatus

_numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(
        tmp_path_factory.mktemp("serve") / "data", "--set", "procedures.after_boot=false"
    ) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as client:
        yield client


@pytest.fixture
async def cp(server: Serving) -> AsyncIterator[RawStation]:
    async with station(server.ocpp, f"CP{next(_numbers)}") as visitor:
        await visitor.boot()
        yield visitor


@pytest.fixture
def vendor() -> str:
    return f"com.example.v{next(_numbers)}"


async def rule(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await api.post("/data-transfer-rules", json=body)
    assert response.status_code == 201, response.text
    return dict(response.json())


async def history(api: httpx.AsyncClient, vendor: str) -> list[dict[str, Any]]:
    response = await api.get("/data-transfers", params={"vendor_id": vendor})
    return list(response.json()["items"])


@pytest.mark.requirement("DTR-04")
async def test_unknown_vendor_is_told_so_without_data(
    api: httpx.AsyncClient, cp: RawStation, vendor: str
) -> None:
    assert await cp.call("DataTransfer", {"vendorId": vendor, "data": "x"}) == {"status": "UnknownVendorId"}
    (kept,) = await history(api, vendor)
    assert (kept["data"], kept["status"], kept["route"]) == ("x", "UnknownVendorId", None)


@pytest.mark.requirement("DTR-02", "DTR-03", "DTR-05")
async def test_rules_answer_by_vendor_and_message(
    api: httpx.AsyncClient, cp: RawStation, vendor: str
) -> None:
    made = await rule(api, vendor_id=vendor, message_id="Price", status="Accepted", data="0.42")
    known = {"vendorId": vendor.upper(), "messageId": "price"}
    assert await cp.call("DataTransfer", known) == {"status": "Accepted", "data": "0.42"}
    for unknown in ({"vendorId": vendor, "messageId": "zzz"}, {"vendorId": vendor}):
        assert await cp.call("DataTransfer", unknown) == {"status": "UnknownMessageId"}
    await rule(api, vendor_id=vendor, status="Rejected")
    assert await cp.call("DataTransfer", {"vendorId": vendor, "messageId": "zzz"}) == {"status": "Rejected"}
    assert (await cp.call("DataTransfer", known))["status"] == "Accepted"
    assert (await history(api, vendor))[0]["route"] == f"rule {made['id']}"


async def test_rules_are_changed_and_removed(api: httpx.AsyncClient, cp: RawStation, vendor: str) -> None:
    made = await rule(api, vendor_id=vendor, status="Accepted")
    path = f"/data-transfer-rules/{made['id']}"
    again = await api.post("/data-transfer-rules", json={"vendor_id": vendor.upper()})
    assert (again.status_code, again.json()["type"]) == (409, "urn:voltline:problem:rule-exists")
    changed = await api.put(path, json={"vendor_id": vendor, "status": "Rejected", "note": "no"})
    assert (changed.json()["status"], changed.json()["note"]) == ("Rejected", "no")
    assert await cp.call("DataTransfer", {"vendorId": vendor}) == {"status": "Rejected"}
    assert (await api.get(path)).json() == changed.json()
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert await cp.call("DataTransfer", {"vendorId": vendor}) == {"status": "UnknownVendorId"}


@pytest.mark.requirement("DTR-06")
async def test_data_of_any_length_is_carried_unchanged(
    api: httpx.AsyncClient, cp: RawStation, vendor: str
) -> None:
    data = json.dumps({"text": "ü\u2028\n" * 50_000})
    await rule(api, vendor_id=vendor, status="Accepted", data=data)
    answer = await cp.call("DataTransfer", {"vendorId": vendor, "data": data})
    assert answer == {"status": "Accepted", "data": data}
    (kept,) = await history(api, vendor)
    assert (kept["data"], kept["answer_data"]) == (data, data)


@pytest.mark.requirement("DTR-01", "DTR-07")
async def test_message_to_a_charge_point_and_its_answer(
    api: httpx.AsyncClient, cp: RawStation, vendor: str
) -> None:
    cp.answers["DataTransfer"] = {"status": "Accepted", "data": "done"}
    identity = (await api.get("/charge-points", params={"online": True})).json()["items"][0]["identity"]
    body = {"vendor_id": vendor, "message_id": "SetPrice", "data": "0.42"}
    response = await api.post(f"/charge-points/{identity}/data-transfer", json=body)
    assert (response.status_code, response.json()) == (200, {"status": "Accepted", "data": "done"})
    assert cp.received[-1] == (
        "DataTransfer",
        {"vendorId": vendor, "messageId": "SetPrice", "data": "0.42"},
    )
    (kept,) = await history(api, vendor)
    assert (kept["direction"], kept["answer_data"]) == ("sent", "done")


class Shop:
    """Somebody's web service."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: web.Response = web.json_response({"status": "Accepted", "data": "from the shop"})
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(await request.json())
        await self.open.wait()
        return self.answer


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    runner = web.ServerRunner(web.Server(shop))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield shop, f"http://127.0.0.1:{port}/ask"
    shop.open.set()
    await runner.cleanup()


async def test_url_is_asked(
    api: httpx.AsyncClient, cp: RawStation, vendor: str, shop: tuple[Shop, str]
) -> None:
    service, url = shop
    made = await rule(api, vendor_id=vendor, url=url)
    answer = await cp.call("DataTransfer", {"vendorId": vendor, "messageId": "M", "data": "d"})
    assert answer == {"status": "Accepted", "data": "from the shop"}
    (asked,) = service.asked
    assert asked.pop("charge_point").startswith("CP")
    assert asked == {"vendor_id": vendor, "message_id": "M", "data": "d"}
    assert (await history(api, vendor))[0]["route"] == f"url of rule {made['id']}"


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ('{"status": "Accepted"}', 500, "it answered with status 500"),
        ("nonsense", 200, "its answer cannot be used"),
        ('{"status": "Perhaps"}', 200, "its answer cannot be used"),
    ],
)
async def test_url_without_a_usable_answer_falls_back(
    api: httpx.AsyncClient,
    cp: RawStation,
    vendor: str,
    shop: tuple[Shop, str],
    body: str,
    status: int,
    problem: str,
) -> None:
    service, url = shop
    service.answer = web.Response(text=body, status=status)
    await rule(api, vendor_id=vendor, url=url, status="Rejected", data="later")
    assert await cp.call("DataTransfer", {"vendorId": vendor}) == {"status": "Rejected", "data": "later"}
    assert problem in (await history(api, vendor))[0]["problem"]


async def test_url_that_takes_too_long_or_is_not_there_falls_back(
    api: httpx.AsyncClient, cp: RawStation, vendor: str, shop: tuple[Shop, str]
) -> None:
    service, url = shop
    service.open.clear()
    made = await rule(api, vendor_id=vendor, url=url, timeout_s=0.2, status="Rejected")
    assert await cp.call("DataTransfer", {"vendorId": vendor}) == {"status": "Rejected"}
    assert "within 0.2 s" in (await history(api, vendor))[0]["problem"]
    gone = {"vendor_id": vendor, "url": "http://127.0.0.1:1/", "status": "Rejected"}
    await api.put(f"/data-transfer-rules/{made['id']}", json=gone)
    assert await cp.call("DataTransfer", {"vendorId": vendor}) == {"status": "Rejected"}
    assert (await history(api, vendor))[0]["problem"]


async def test_programs_answer_before_rules(tmp_path: Path) -> None:
    settings = Settings(
        ocpp=OcppSettings(port=0),
        http=HttpSettings(port=0),
        data=DataSettings(directory=str(tmp_path / "data")),
        files=FilesSettings(http_port=0, ftp_port=0),
        procedures=ProceduresSettings(after_boot=False),
    )
    central = Central(settings)
    seen: list[tuple[str, DataTransfer]] = []

    async def priced(identity: str, request: DataTransfer) -> DataTransferResponse:
        seen.append((identity, request))
        return DataTransferResponse(status=DataTransferStatus.ACCEPTED, data="0.50")

    async def broken(identity: str, request: DataTransfer) -> DataTransferResponse:
        raise LookupError("no such price")

    central.on_data_transfer("com.shop", priced, message_id="Price")
    central.on_data_transfer("com.broken", broken)
    with pytest.raises(ValueError, match="there is a handler"):
        central.on_data_transfer("COM.SHOP", broken, message_id="price")
    async with central, station(central.ocpp_url) as cp:
        await cp.boot()
        async with httpx.AsyncClient(base_url=f"{central.http_url}/api/v1") as api:
            await rule(api, vendor_id="com.shop", message_id="Price", status="Rejected")
            answer = await cp.call("DataTransfer", {"vendorId": "Com.Shop", "messageId": "PRICE"})
            assert answer == {"status": "Accepted", "data": "0.50"}
            assert seen[0][0] == "CP1"
            other = await cp.call("DataTransfer", {"vendorId": "com.shop", "messageId": "Other"})
            assert other == {"status": "UnknownMessageId"}
            assert await cp.call("DataTransfer", {"vendorId": "com.broken"}) == {"status": "Rejected"}
            (kept,) = await history(api, "com.broken")
            assert (kept["route"], kept["problem"]) == ("handler", "LookupError: no such price")


async def test_history_is_filtered_and_paged(api: httpx.AsyncClient, cp: RawStation, vendor: str) -> None:
    for message in ("A", "B", "A"):
        await cp.call("DataTransfer", {"vendorId": vendor, "messageId": message})
    first = (await api.get("/data-transfers", params={"vendor_id": vendor, "limit": 2})).json()
    assert [one["message_id"] for one in first["items"]] == ["A", "B"]
    rest = await api.get(
        "/data-transfers", params={"vendor_id": vendor, "limit": 2, "cursor": first["next_cursor"]}
    )
    assert [one["message_id"] for one in rest.json()["items"]] == ["A"]
    only = {"vendor_id": vendor, "message_id": "b", "direction": "received"}
    assert len((await api.get("/data-transfers", params=only)).json()["items"]) == 1
    csv = await api.get("/data-transfers", params={"vendor_id": vendor, "format": "csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert len(csv.text.splitlines()) == 4
