"""The Delta story end to end: a schedule of 24 hours takes a site down, or it charges.

Charge points of that make claim that they take 20 periods in a charging schedule, and cope with 10. A load
manager that believes them holds the site at 0 A until its plan is in force, sends the plan, loses the charge
point, and sends it again when it is back. A central system that knows model and firmware sends at most 10.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.system.central_here import central_here

from voltline.central.settings import OcppSettings
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.templates import template
from voltline.station.simulator.vehicle import CARS, Vehicle
from voltline.transport.client import ClientOptions

QUIRK = "delta-ac-max-ten-periods"
IDENTITIES = ("YARD-1", "YARD-2")
SPEED = 60.0
"""31 s of stalling are half a second."""

BELIEVES_WHAT_IT_IS_TOLD = f"""
[[quirk]]
id = "{QUIRK}"
like = "{QUIRK}"
match = [{{ identity = "NOBODY" }}]
"""


def profile(number: int, level: int, *limits: float) -> dict[str, Any]:
    """Hour by hour, from the start of the transaction."""
    periods = [{"startPeriod": 3600 * hour, "limit": limit} for hour, limit in enumerate(limits)]
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }


HOLD = profile(1, 0, 0.0)
PLAN = profile(2, 1, *(10.0 + hour % 5 for hour in range(24)))


class Site:
    """Two charge points with a car each, and the load manager's way to them."""

    def __init__(self, api: httpx.AsyncClient, stations: list[SimulatedStation]) -> None:
        self.api = api
        self.stations = stations

    async def send(self, identity: str, wanted: dict[str, Any]) -> httpx.Response:
        body = {"connectorId": 1, "csChargingProfiles": wanted}
        return await self.api.post(f"/charge-points/{identity}/commands/SetChargingProfile", json=body)

    async def send_when_online(self, station: SimulatedStation) -> httpx.Response:
        await station.until(lambda view: view.online)
        path = f"/charge-points/{station.identity}"
        async with asyncio.timeout(10):
            while not (await self.api.get(path)).json()["online"]:
                await asyncio.sleep(0.01)
        return await self.send(station.identity, PLAN)


@asynccontextmanager
async def site(data: Path, firmware: str) -> AsyncIterator[Site]:
    """Cars are plugged in and held at 0 A."""
    async with AsyncExitStack() as stack:
        ocpp = OcppSettings(port=0, message_timeout_s=0.4)
        url, api = await stack.enter_async_context(central_here(data, ocpp=ocpp))
        await api.post("/id-tags", json={"id_tag": "DRIVER"})
        stations = []
        for identity in IDENTITIES:
            options = template("delta-ac-max").options(firmware_version=firmware, speed=SPEED, seed=1)
            haste = ClientOptions(first_wait_s=0.02, longest_wait_s=0.05)
            station = SimulatedStation(url, identity, options, client=haste)
            stations.append(await stack.enter_async_context(station))
        made = Site(api, stations)
        for station in stations:
            await station.until(lambda view: view.online)
            answer = await made.send(station.identity, HOLD)
            assert answer.json() == {"status": "Accepted"}
            await station.plug_in(1, Vehicle(CARS[2], 0.3))
            await station.present_tag("DRIVER")
            await station.until(lambda view: view.connectors[0].status == "SuspendedEVSE")
        yield made


async def test_central_system_that_believes_the_charge_points_takes_the_site_down(tmp_path: Path):
    folder = tmp_path / "quirks"
    folder.mkdir()
    (folder / "own.toml").write_text(BELIEVES_WHAT_IT_IS_TOLD)
    async with site(tmp_path, "01.26.30") as yard:
        assert (await yard.api.get("/charge-points/YARD-1")).json()["quirks"] == []
        for station in yard.stations:
            for _ in range(2):
                answer = await yard.send_when_online(station)
                assert answer.status_code == 504, answer.text
                await station.until(lambda view: not view.linked)
        for station in yard.stations:
            connector = station.view().connectors[0]
            assert (connector.status, connector.energy_wh) == ("SuspendedEVSE", 0)


async def test_central_system_that_knows_them_sends_ten_periods_says_so_and_the_site_charges(tmp_path: Path):
    async with site(tmp_path, "01.26.30") as yard:
        shown = (await yard.api.get("/charge-points/YARD-1")).json()["quirks"]
        assert [one["id"] for one in shown] == [QUIRK]
        for station in yard.stations:
            answer = await yard.send_when_online(station)
            assert answer.json() == {"status": "Accepted"}
            (told,) = json.loads(answer.headers["voltline-adjustments"])
            assert told["quirk"] == QUIRK
            assert "24 periods were merged to 10" in told["text"]
        for station in yard.stations:
            await station.until(lambda view: view.connectors[0].energy_wh > 100)
            view = station.view()
            assert view.linked
            assert view.connectors[0].status == "Charging"
            # Merged periods have the lowest of their limits: never more than the plan allows.
            assert view.power_w <= 10.0 * 3 * 235


async def test_corrected_firmware_takes_the_plan_as_it_is(tmp_path: Path):
    async with site(tmp_path, "01.26.40") as yard:
        assert (await yard.api.get("/charge-points/YARD-1")).json()["quirks"] == []
        answer = await yard.send_when_online(yard.stations[0])
        # It still says that it takes 20, and is right.
        assert answer.json() == {"status": "Rejected"}
        shorter = profile(2, 1, *(10.0 + hour % 5 for hour in range(20)))
        assert (await yard.send("YARD-1", shorter)).json() == {"status": "Accepted"}
        await yard.stations[0].until(lambda view: view.connectors[0].energy_wh > 100)
