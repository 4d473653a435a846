"""The simulated station and the central system together: lists, reservations and free vend on the wire."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.system.central_here import central_here, eventually

from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.view import StationView
from voltline.transport.client import ClientOptions

HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)


@asynccontextmanager
async def both(
    tmp_path: Path, *known: str, configuration: tuple[tuple[str, str], ...] = ()
) -> AsyncIterator[tuple[SimulatedStation, httpx.AsyncClient]]:
    """A station of two connectors that is online, at a central system that knows these tags."""
    options = StationOptions(connectors=2, reboot_s=0.05, seed=7, configuration=configuration)
    async with central_here(tmp_path) as (url, api):
        for tag in known:
            (await api.put(f"/id-tags/{tag}", json={})).raise_for_status()
        async with SimulatedStation(url, "CP1", options, client=HASTE) as cp:
            await cp.until(lambda view: view.online)
            yield cp, api


def status(connector_id: int, wanted: str) -> Callable[[StationView], bool]:
    return lambda view: view.connectors[connector_id - 1].status == wanted


async def transactions(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await api.get("/transactions", params={"charge_point": "CP1"})).json()["items"])


async def until_stopped(api: httpx.AsyncClient, id_tag: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def look() -> bool:
        for one in await transactions(api):
            if one["id_tag"] == id_tag and one["stopped_at"] is not None:
                found.update(one)
        return bool(found)

    await eventually(look)
    return found


async def test_listed_tag_charges_while_the_central_system_is_away(tmp_path: Path) -> None:
    async with both(tmp_path, "LISTED") as (cp, api):
        await cp.until(lambda view: view.local_list_version > 0)
        await cp.go_offline()
        await cp.until(lambda view: not view.linked)
        await cp.plug_in(1)
        await cp.present_tag("STRANGER", 1)
        assert cp.view().connectors[0].status == "Preparing"
        await cp.present_tag("LISTED", 1)
        await cp.until(status(1, "Charging"))
        await cp.present_tag("LISTED", 1)
        await cp.go_online()
        stopped = await until_stopped(api, "LISTED")
        assert stopped["connector_id"] == 1


async def test_reservation_is_kept_for_its_holder_and_ends_with_the_transaction(tmp_path: Path) -> None:
    async with both(tmp_path, "HOLDER", "GUEST") as (cp, api):
        request = {"charge_point": "CP1", "connector_id": 1, "id_tag": "HOLDER", "duration_s": 600}
        made = (await api.post("/reservations", json=request)).json()
        assert made["status"] == "Accepted"
        await cp.until(status(1, "Reserved"))
        assert cp.view().connectors[0].reserved_for == "HOLDER"
        await cp.plug_in(1)
        await cp.present_tag("GUEST", 1)
        assert cp.view().connectors[0].status == "Reserved"
        again = (await api.post("/reservations", json=request)).json()
        assert again["status"] == "Occupied"
        await cp.present_tag("HOLDER", 1)
        await cp.until(status(1, "Charging"))
        address = f"/reservations/{made['reservation']['id']}"

        async def used() -> bool:
            return bool((await api.get(address)).json()["state"] == "used")

        await eventually(used)
        assert cp.view().reservations == 0


async def test_reservation_of_any_connector_is_made_and_cancelled(tmp_path: Path) -> None:
    async with both(tmp_path, "HOLDER", "GUEST") as (cp, api):
        request = {"charge_point": "CP1", "connector_id": 0, "id_tag": "HOLDER", "duration_s": 600}
        made = (await api.post("/reservations", json=request)).json()
        assert made["status"] == "Accepted"
        assert cp.view().reservations == 1
        assert [one.status for one in cp.view().connectors] == ["Available", "Available"]
        cancelled = await api.post(f"/reservations/{made['reservation']['id']}/cancel")
        assert cancelled.is_success, cancelled.text
        await cp.until(lambda view: view.reservations == 0)


@pytest.mark.parametrize("welcome", [True, False])
async def test_free_vend_charges_if_the_central_system_agrees_and_waits_for_a_tag_if_not(
    tmp_path: Path, welcome: bool
) -> None:
    settings = (("FreeVendEnabled", "true"), ("FreeVendIdTag", "COURTYARD"))
    async with both(tmp_path, "GUEST", configuration=settings) as (cp, api):
        (await api.put("/id-tags/COURTYARD", json={"blocked": not welcome})).raise_for_status()
        await cp.plug_in(1)
        if welcome:
            await cp.until(status(1, "Charging"))
            assert cp.view().connectors[0].id_tag == "COURTYARD"
            return
        refused = await until_stopped(api, "COURTYARD")
        assert refused["stop_reason"] == "DeAuthorized"
        await cp.until(status(1, "Preparing"))
        await cp.present_tag("GUEST", 1)
        await cp.until(status(1, "Charging"))
