"""Transactions, quarantine and repairs by REST."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import station
from tests.system.test_real_chargers import at, begun, items, start, stop, values

FORMULA = '=HYPERLINK("x")'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("transactions") / "data") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1") as client:
        yield client


async def asked(api: httpx.AsyncClient, path: str, body: Any, status: int = 200) -> Any:
    response = await api.post(path, json=body)
    assert response.status_code == status, response.text
    return response.json()


async def test_a_session_with_its_energy_and_power(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "CURVE") as cp:
        await cp.boot()
        started = await begun(cp, start("CURVE"))
        for second, energy in ((600, "2000"), (1200, "3500")):
            await cp.call("MeterValues", values(second, energy, transactionId=started))
        await cp.call("StopTransaction", stop(started, 1800, 4000, reason="Remote"))
    shown = (await api.get(f"/transactions/{started}")).json()
    assert (shown["energy_wh"], shown["duration_s"], shown["average_power_w"]) == (3000, 1800, 6000)
    assert (shown["maximum_power_w"], shown["power_measured"]) == (9000, False)
    assert shown["energy"] == {
        "register_wh": 3000,
        "readings_first_wh": 2000,
        "readings_last_wh": 3500,
        "readings_wh": 1500,
        "intervals_wh": None,
        "readings_of_session": False,
    }
    assert (shown["stop_source"], shown["last_reading_at"]) == ("charge-point", at(1200))
    curve = await items(api, f"/transactions/{started}/power-curve")
    assert curve == [
        {"at": at(600), "power_w": 6000, "measured": False},
        {"at": at(1200), "power_w": 9000, "measured": False},
    ]
    lines = (await api.get(f"/transactions/{started}/power-curve?format=csv")).text.splitlines()
    assert lines[0] == "at,power_w,measured"
    assert lines[1] == f"{at(600)},6000.0,false"
    plot = await api.get(f"/transactions/{started}/power-curve.svg")
    assert plot.headers["content-type"].startswith("image/svg+xml")
    assert "9 kW" in plot.text
    assert "<polyline" in plot.text


async def test_list_is_filtered_sorted_and_given_as_csv(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "LISTED") as cp:
        await cp.boot()
        ids = [
            await begun(cp, start(FORMULA if number == 1 else f"L{number}", 100 - number, connector=number))
            for number in (1, 2, 3)
        ]
        await cp.call("StopTransaction", stop(ids[2], meter=999))

    async def found(**query: Any) -> list[int]:
        return [one["id"] for one in await items(api, "/transactions", charge_point="listed", **query)]

    assert await found() == ids[::-1]
    assert await found(sort="id") == ids
    assert await found(sort="started_at") == ids[::-1]
    assert await found(sort="-started_at") == ids
    assert await found(connector_id=2) == [ids[1]]
    assert await found(active="false") == [ids[2]]
    assert await found(flagged="true") == [ids[2]]
    assert await found(oddity="meter-fell") == [ids[2]]
    assert await found(oddity="readings-fell") == []
    assert await found(**{"from": at(98), "to": at(99)}) == [ids[1]]
    page = (
        await api.get("/transactions", params={"charge_point": "LISTED", "sort": "started_at", "limit": 2})
    ).json()
    assert [one["id"] for one in page["items"]] == ids[:0:-1]
    assert await found(sort="started_at", cursor=page["next_cursor"]) == ids[:1]
    csv = await api.get("/transactions", params={"charge_point": "LISTED"}, headers={"Accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert len(csv.text.splitlines()) == 4
    assert "'=HYPERLINK" in csv.text


async def test_message_in_quarantine_is_looked_at_and_repaired(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "BROKEN") as cp:
        await cp.boot()
        started = await begun(cp, start("BROKEN"))
        for number in range(3):
            await cp.call("StopTransaction", stop(777_000 + number, meter=2000 + number))
    first, second, third = (
        one["id"] for one in await items(api, "/quarantine", charge_point="broken", state="open", sort="id")
    )
    assert (await api.get(f"/quarantine/{first}")).json()["reason"] == "unknown-transaction"
    made = await asked(
        api, f"/quarantine/{first}/attach", {"transaction_id": started, "note": "by the paper receipt"}
    )
    assert (made["kind"], made["who"], made["note"]) == ("attach", "local", "by the paper receipt")
    assert made["before"]["transaction"]["stop"] is None
    assert made["after"]["transaction"]["stop"]["meter_stop_wh"] == 2000
    assert (await api.get(f"/transactions/{started}")).json()["energy_wh"] == 1000
    assert (await asked(api, f"/quarantine/{second}/discard", {}))["kind"] == "discard"
    assert (await api.get(f"/repairs/{made['id']}")).json() == made
    assert await items(api, "/repairs", quarantine_id=first) == [made]
    assert len(await items(api, "/repairs", charge_point="BROKEN", who="local")) == 2
    assert [one["id"] for one in await items(api, "/quarantine", charge_point="BROKEN", state="open")] == [
        third
    ]
    told = await asked(api, f"/quarantine/{first}/discard", {}, 409)
    assert told["type"] == "urn:voltline:problem:already-repaired"


async def test_transaction_that_was_never_stopped_is_closed(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "FOREVER") as cp:
        await cp.boot()
        started = await begun(cp, start("FOREVER"))
        await cp.call("MeterValues", values(600, "2500", transactionId=started))
    made = await asked(api, f"/transactions/{started}/close", {"note": "station is gone"})
    assert (made["kind"], made["transaction_id"]) == ("close", started)
    shown = (await api.get(f"/transactions/{started}")).json()
    assert (shown["active"], shown["stop_source"], shown["energy_wh"]) == (False, "operator", 1500)
    assert shown["stopped_at"] == at(600)
    made = await asked(api, f"/transactions/{started}/close", {"stopped_at": at(900), "meter_stop_wh": 3000})
    assert made["before"]["transaction"]["stop"]["meter_stop_wh"] == 2500
    assert (await api.get(f"/transactions/{started}")).json()["energy_wh"] == 2000


@pytest.mark.parametrize(
    ("path", "body", "status", "faults"),
    [
        ("quarantine/1/attach", {}, 422, ["$.transaction_id"]),
        ("quarantine/1/attach", {"transaction_id": 0, "x": 1}, 422, ["$.transaction_id", "$.x"]),
        ("quarantine/1/attach", {"transaction_id": 2**70}, 422, ["$.transaction_id"]),
        ("quarantine/999999/attach", {"transaction_id": 1}, 404, None),
        ("quarantine/99999999999999999999999/attach", {"transaction_id": 1}, 404, None),
        ("quarantine/-5/discard", {}, 404, None),
        ("quarantine/1/discard", {"note": 5}, 422, ["$.note"]),
        ("transactions/999999/close", {}, 404, None),
        ("transactions/99999999999999999999999/close", {}, 404, None),
        (
            "transactions/1/close",
            {"stopped_at": "2026-01-01T00:00:00", "meter_stop_wh": -1, "reason": "", "quarantine_id": 0},
            422,
            ["$.stopped_at", "$.meter_stop_wh", "$.reason", "$.quarantine_id"],
        ),
        ("transactions/1/close", {"meter_stop_wh": 2**80}, 422, ["$.meter_stop_wh"]),
    ],
)
async def test_what_is_wrong_with_a_repair_is_said_of_every_field(
    api: httpx.AsyncClient, path: str, body: Any, status: int, faults: list[str] | None
) -> None:
    problem = await asked(api, f"/{path}", body, status)
    if faults is not None:
        assert [fault["path"] for fault in problem["errors"]] == faults


@pytest.mark.parametrize("path", ["transactions", "quarantine", "repairs"])
@pytest.mark.parametrize(
    "query",
    [
        {"charge_point": "\x00"},
        {"charge_point": "\ud800".encode("utf-8", "surrogatepass")},
        {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5"},
        {"cursor": "%%%"},
        {"sort": "nonsense"},
        {"limit": 0},
        {"format": "xml"},
        {"from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-14:00"},
        {"from": "yesterday"},
        {"id_tag": "\x00", "connector_id": 2**60},
        {"who": "\x00"},
        {"action": "\x00"},
        {"transaction_id": 2**40},
        {"quarantine_id": 2**70},
    ],
)
async def test_hostile_filters_are_answered(api: httpx.AsyncClient, path: str, query: dict[str, Any]) -> None:
    response = await api.get(f"/{path}", params=query)
    assert response.status_code in (200, 400), response.text


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999", "2147483648"])
@pytest.mark.parametrize(
    "path",
    [
        "transactions/{}",
        "transactions/{}/meter-values",
        "transactions/{}/power-curve",
        "transactions/{}/power-curve.svg",
        "quarantine/{}",
        "repairs/{}",
    ],
)
async def test_what_does_not_exist_is_404(api: httpx.AsyncClient, path: str, number: str) -> None:
    response = await api.get("/" + path.format(number))
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_absurd_figures_of_a_charge_point_break_nothing(
    server: Serving, api: httpx.AsyncClient
) -> None:
    big, small = 2**63 - 1, -(2**63)
    async with station(server.ocpp, "ABSURD") as cp:
        await cp.boot()
        started = await begun(cp, start("ABSURD", meter=big))
        await cp.call("MeterValues", values(60, "1e15", transactionId=started))
        await cp.call("MeterValues", values(61, "-1e15", transactionId=started))
        await begun(cp, start("ABSURD2", 100, meter=small))
        await cp.call("StopTransaction", stop(started, meter=small) | {"timestamp": "9999-12-31T23:59:59Z"})
        other = await begun(cp, start("ABSURD3", connector=big) | {"timestamp": "9999-12-31T23:59:59Z"})
        await cp.call("MeterValues", values(60, "5", connector=big, transactionId=-1))
        await cp.call("MeterValues", values(60, "5", connector=big, transactionId=small))
        await cp.call("StopTransaction", stop(other, meter=big) | {"timestamp": "0001-01-02T00:00:00Z"})
    assert len(await items(api, "/transactions", charge_point="ABSURD")) >= 3
    for one in await items(api, "/transactions", charge_point="ABSURD"):
        assert (await api.get(f"/transactions/{one['id']}")).status_code == 200
        assert (await api.get(f"/transactions/{one['id']}/power-curve.svg")).status_code == 200
    assert (await api.get("/transactions?format=csv")).status_code == 200
    assert (await api.get("/repairs")).status_code == 200
