"""Charging profiles with mobilityhouse/ocpp, which validates by its own schemas, at either end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from tests.interop.peer_centrals import TRANSACTION, mobilityhouse_central
from tests.serving import Serving, serving

from voltline.station.simulator.station import SimulatedStation, StationOptions

KEYS = {
    "ChargeProfileMaxStackLevel": "5",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "6",
    "MaxChargingProfilesInstalled": "4",
    "NumberOfConnectors": "2",
}


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "data") as server:
        yield server


# ---- as a charge point of our central system


class WattsOnly(ChargePoint):  # type: ignore[misc]
    """A charge point that says that it takes amperes, and does not."""

    def __init__(self, identity: str, connection: Any) -> None:
        super().__init__(identity, connection)
        self.accepted: list[dict[str, Any]] = []
        self.rejected: list[dict[str, Any]] = []

    @on(Action.get_configuration)
    def on_get_configuration(self, key: list[str] | None = None) -> call_result.GetConfiguration:
        told = [{"key": name, "readonly": True, "value": value} for name, value in KEYS.items()]
        return call_result.GetConfiguration(configuration_key=told)

    @on(Action.set_charging_profile)
    def on_set(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        sent = {"connector_id": connector_id} | cs_charging_profiles
        takes = sent["charging_schedule"]["charging_rate_unit"] == "W"
        (self.accepted if takes else self.rejected).append(sent)
        return call_result.SetChargingProfile(status="Accepted" if takes else "Rejected")

    @on(Action.clear_charging_profile)
    def on_clear(self, **_: Any) -> Any:
        return call_result.ClearChargingProfile(status="Accepted")

    @on(Action.get_composite_schedule)
    def on_composite(self, **_: Any) -> Any:
        return call_result.GetCompositeSchedule(status="Rejected")

    @on(Action.trigger_message)
    def on_trigger(self, **_: Any) -> Any:
        return call_result.TriggerMessage(status="NotImplemented")


@asynccontextmanager
async def peer_at(central: Serving, identity: str) -> AsyncIterator[WattsOnly]:
    async with websockets.connect(f"{central.ocpp}/{identity}", subprotocols=["ocpp1.6"]) as websocket:
        station = WattsOnly(identity, websocket)
        listening = asyncio.create_task(station.start())
        try:
            await station.call(call.BootNotification(charge_point_vendor="tmh", charge_point_model="ocpp"))
            yield station
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


@pytest.mark.requirement("SCP-01", "SCP-03", "SCP-13", "SCP-14", "SCT-12")
async def test_limits_reach_a_charge_point_of_others_in_the_unit_that_it_takes(
    central: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "ocpp")
    async with (
        httpx.AsyncClient(base_url=f"{central.http}/api/v1/charge-points/TMH-S") as api,
        peer_at(central, "TMH-S") as station,
    ):
        async with asyncio.timeout(10):
            while not (await api.get("/configuration")).json()["items"]:
                await asyncio.sleep(0.02)
        started = await station.call(call.StartTransaction(1, "TAG", 0, datetime.now(UTC).isoformat(), None))
        whole = await api.post("/limit", json={"amperes": 10.1})
        one = await api.post("/limit", json={"amperes": 7, "connector": 1, "duration_s": 600})
        assert (whole.status_code, one.status_code) == (200, 200), (whole.text, one.text)
    assert station.rejected, "amperes were asked for, so amperes are tried"
    by_purpose = {sent["charging_profile_purpose"]: sent for sent in station.accepted}
    assert set(by_purpose) == {"ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"}
    assert by_purpose["TxProfile"]["transaction_id"] == started.transaction_id
    for sent in station.accepted:
        assert 0 <= sent["stack_level"] <= 5
        periods = sent["charging_schedule"]["charging_schedule_period"]
        assert len(periods) <= 6
        assert periods[0]["start_period"] == 0
    limits = {
        name: sent["charging_schedule"]["charging_schedule_period"][0]["limit"]
        for name, sent in by_purpose.items()
    }
    assert limits == {"ChargePointMaxProfile": 6969.0, "TxDefaultProfile": 4830.0, "TxProfile": 4830.0}
    assert [one.message for one in caplog.records if one.name.startswith("ocpp")] == []


# ---- as the central system of our charge point


def schedule(*limits: tuple[int, float], unit: str = "A", **other: Any) -> dict[str, Any]:
    periods = [{"startPeriod": start, "limit": limit} for start, limit in limits]
    return {"chargingRateUnit": unit, "chargingSchedulePeriod": periods} | other


@pytest.mark.requirement("SCS-14", "SCC-06", "SCC-09", "SCC-11")
async def test_schedules_of_our_charge_point_are_valid_to_a_central_system_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "ocpp")
    yesterday = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    daily = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring",
        "recurrencyKind": "Daily",
        "chargingSchedule": schedule((0, 12.3), (43_200, 8.1), startSchedule=yesterday),
    }
    most = daily | {
        "chargingProfileId": 2,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingSchedule": schedule((0, 6_907.3), unit="W", startSchedule=yesterday),
    }
    async with (
        mobilityhouse_central() as peer,
        SimulatedStation(peer.endpoint, "VOLT-1", StationOptions(connectors=2)) as station,
    ):
        await station.until(lambda view: view.online)
        for profile in (daily, most):
            asked = {"connectorId": 0, "csChargingProfiles": profile}
            assert await peer.ask("SetChargingProfile", asked) == {"status": "Accepted"}
        own = daily | {"chargingProfilePurpose": "TxProfile", "chargingProfileId": 3}
        misplaced = {"connectorId": 1, "csChargingProfiles": own}
        assert await peer.ask("SetChargingProfile", misplaced) == {"status": "Rejected"}
        await station.plug_in(1)
        await station.present_tag("TAG")
        await station.until(lambda view: view.connectors[0].transaction_id == TRANSACTION)
        own = own | {"transactionId": TRANSACTION, "chargingProfileKind": "Relative"}
        del own["recurrencyKind"]
        for_transaction = {"connectorId": 1, "csChargingProfiles": own}
        assert await peer.ask("SetChargingProfile", for_transaction) == {"status": "Accepted"}
        firsts = {}
        for connector in (0, 1, 2):
            for unit in ("A", "W"):
                ask = {"connectorId": connector, "duration": 172_800, "chargingRateUnit": unit}
                told = await peer.ask("GetCompositeSchedule", ask)
                assert (told["status"], told["connectorId"]) == ("Accepted", connector)
                plan = told["chargingSchedule"]
                assert (plan["duration"], plan["chargingRateUnit"]) == (172_800, unit)
                assert "startSchedule" not in plan
                firsts[connector, unit] = float(plan["chargingSchedulePeriod"][0]["limit"])
        whole_a = 10.0  # 6907.3 W on three phases are 10.01 A
        for connector in (0, 1, 2):
            assert firsts[connector, "A"] == whole_a
            assert firsts[connector, "W"] == 6_907.3
        assert await peer.ask("ClearChargingProfile", {}) == {"status": "Accepted"}
        assert await peer.ask("ClearChargingProfile", {}) == {"status": "Unknown"}
    assert peer.log.problems == []
    assert [one.message for one in caplog.records if one.name.startswith("ocpp")] == []
