"""A site plans the hours ahead by price, and cars charge when it is cheap, unless they would be late."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import serving
from tests.system.central_here import central_here, eventually
from tests.system.raw_station import RawStation, station
from tests.system.test_serve_sites import FAST, Lent, configure, metered, site, started, until, until_safe

pytest.importorskip("scipy")


def curve(*prices: float) -> dict[str, Any]:
    """A price an hour, from the hour that runs on."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [(begin + timedelta(hours=number)).isoformat() for number in range(len(prices) + 1)]
    steps = [{"at": at, "price": price} for at, price in zip(hours[:-1], prices, strict=True)]
    return {"unit": "EUR/kWh", "steps": steps, "until": hours[-1]}


DEAR_NOW, CHEAP_NOW = curve(9, 9, 9, 1, 1, 1, 1, 1, 1), curve(1, 1, 1, 1, 9, 9, 9, 9, 9)


def need(hours: float, energy_wh: float) -> dict[str, Any]:
    return {"energy_wh": energy_wh, "departure": (datetime.now(UTC) + timedelta(hours=hours)).isoformat()}


async def told(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answer = await api.put(f"/sites/planned/{path}", json=body)
    assert answer.status_code == 200, answer.text


async def planned(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.get("/sites/planned/plan")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_car_waits_for_cheap_hours_and_charges_in_dear_ones_when_it_would_be_late(
    tmp_path: Path,
) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        assert (await api.post("/sites", json=site("planned", ["CP1"]))).status_code == 201
        assert (await planned(api))["why"].startswith("no prices were told")
        await told(api, "prices", DEAR_NOW)
        assert "no car charges" in (await planned(api))["why"]
        async with station(endpoint, "CP1") as cp:
            configure(cp)
            lent = Lent(cp)
            await cp.boot()
            await until_safe(api, "planned")
            transaction = await started(cp)
            await until(lambda: lent.limit == 32)
            await told(api, "connectors/CP1/1/need", need(8, 11_000))
            await drives_to(cp, transaction, lent, 0)
            plan = await planned(api)
            (car,) = plan["cars"]
            assert (car["transaction_id"], car["short_wh"], plan["why"]) == (transaction, 0, None)
            assert plan["unit"] == "EUR/kWh" and plan["slots"][0]["price"] == 9
            assert {
                price["price"]
                for price, current in zip(plan["slots"], car["currents_a"], strict=True)
                if current
            } == {1}
            power_kw = [current * 3 * 230 / 1000 for current in car["currents_a"]]
            assert sum(power_kw) * 0.25 >= 11
            assert max(car["currents_a"]) <= 32

            await told(api, "prices", CHEAP_NOW)
            await drives_to(cp, transaction, lent, 32)
            await told(api, "prices", DEAR_NOW)
            await drives_to(cp, transaction, lent, 0)
            # No time to wait: then the price is no reason.
            await told(api, "connectors/CP1/1/need", need(1, 21_000))
            await drives_to(cp, transaction, lent, 32)

            await told(api, "connectors/CP1/1/need", need(8, 11_000))
            await drives_to(cp, transaction, lent, 0)
            assert (await api.delete("/sites/planned/prices")).status_code == 204
            await drives_to(cp, transaction, lent, 32)
            assert (await api.get("/sites/planned/prices")).status_code == 404


async def drives_to(cp: RawStation, transaction: int, lent: Lent, limit_a: float) -> None:
    """The car draws whatever it may until it is let draw this."""

    async def look() -> bool:
        await metered(cp, transaction, lent.limit, lent.limit, lent.limit)
        return lent.limit == limit_a

    await eventually(look, 25)


async def test_prices_outlive_a_restart(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (_, api):
        assert (await api.post("/sites", json=site("planned", ["CP1"]))).status_code == 201
        await told(api, "prices", DEAR_NOW)
        told_back = (await api.get("/sites/planned/prices")).json()
    async with central_here(tmp_path, sites=FAST) as (_, api):
        assert (await api.get("/sites/planned/prices")).json() == told_back
        assert "no car charges" in (await planned(api))["why"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "$.until"),
        ({"steps": []}, "$.steps"),
        ({"unit": ""}, "$.unit"),
        ({"steps": [{"at": "2026-03-01T12:00:00", "price": 1}]}, "$.steps[0].at"),
        ({"steps": [{"at": "2026-03-01T12:00:00Z", "price": 1e9}]}, "$.steps[0].price"),
        ({"steps": [{"at": "2026-03-01T12:00:00Z", "price": 1}] * 2}, "$.steps[1].at"),
    ],
)
async def test_prices_that_cannot_be_are_refused_with_their_place(
    tmp_path: Path, change: dict[str, Any], path: str
) -> None:
    async with central_here(tmp_path, sites=FAST) as (_, api):
        assert (await api.post("/sites", json=site("planned", []))).status_code == 201
        answer = await api.put("/sites/planned/prices", json=DEAR_NOW | change)
        assert answer.status_code == 422, answer.text
        assert [one["path"] for one in answer.json()["errors"]] == [path]
        assert (await api.get("/sites/planned/prices")).status_code == 404


async def test_the_command_line_tells_prices_and_shows_the_plan(tmp_path: Path) -> None:
    def voltline(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "voltline.cli.main", "site", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | {"VOLTLINE_API": server.http, "NO_COLOR": "1", "COLUMNS": "120"},
        )

    file = tmp_path / "prices.json"
    file.write_text(json.dumps(DEAR_NOW))
    with serving(tmp_path / "data", "--set=procedures.settle_s=0.05", "--set=sites.period_s=0.3") as server:
        async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as api:
            assert (await api.post("/sites", json=site("planned", ["CP1"]))).status_code == 201
            assert "no prices were told" in voltline("plan", "planned").stderr
            assert voltline("prices", "planned", str(file)).stdout.startswith("9 prices in EUR/kWh, until ")
            async with station(server.ocpp, "CP1") as cp:
                configure(cp)
                await cp.boot()
                await started(cp)

                async def known() -> bool:
                    answer = await api.put("/sites/planned/connectors/CP1/1/need", json=need(8, 11_000))
                    return answer.status_code == 200

                await eventually(known, 25)

                async def made() -> bool:
                    return (await planned(api))["made_at"] is not None

                await eventually(made, 25)
                shown = voltline("plan", "PLANNED")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "CP1/1, A" in shown.stdout and "11.0" in shown.stdout
        file.write_text("{")
        assert "is no JSON or YAML" in voltline("prices", "planned", str(file)).stderr
