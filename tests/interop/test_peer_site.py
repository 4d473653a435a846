"""A site that steers mobilityhouse/ocpp as charge point: what is sent is valid, and within its limits."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ocpp.v16
import pytest
import websockets
from jsonschema import Draft4Validator
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from tests.system.central_here import central_here, eventually

from voltline.central.settings import SitesSettings

FAST = SitesSettings(lease_s=6, margin_s=1, change_s=0.5, fresh_s=5, answer_s=2, period_s=0.3)
SCHEMAS = Path(__file__).parents[3] / "shared" / "spec" / "schemas"
PEER_SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"
PHASES = 3


class PeerStation(ChargePoint):  # type: ignore[misc]
    """mobilityhouse/ocpp with a profile store of its own, and strict about what it says that it takes."""

    def __init__(self, identity: str, connection: Any, unit: str) -> None:
        super().__init__(identity, connection)
        self.unit = unit
        self.payloads: list[dict[str, Any]] = []
        """Of SetChargingProfile, as they came over the wire."""
        self.installed: dict[int, dict[str, Any]] = {}
        self.most_installed = 0
        self.faults: list[str] = []

    async def route_message(self, raw_msg: str) -> None:
        frame = json.loads(raw_msg)
        if frame[0] == 2 and frame[2] == "SetChargingProfile":
            self.payloads.append(json.loads(raw_msg, parse_float=Decimal)[3])
        await super().route_message(raw_msg)

    @on(Action.get_configuration)
    def on_get_configuration(self, key: list[str] | None = None) -> call_result.GetConfiguration:
        told = {
            "ChargeProfileMaxStackLevel": "2",
            "ChargingScheduleAllowedChargingRateUnit": "Current" if self.unit == "A" else "Current,Power",
            "ChargingScheduleMaxPeriods": "1",
            "MaxChargingProfilesInstalled": "2",
        }
        return call_result.GetConfiguration(
            configuration_key=[
                {"key": name, "readonly": True, "value": value} for name, value in told.items()
            ]
        )

    @on(Action.set_charging_profile)
    def on_set(
        self, connector_id: int, cs_charging_profiles: dict[str, Any]
    ) -> call_result.SetChargingProfile:
        profile = cs_charging_profiles
        schedule = profile["charging_schedule"]
        if schedule["charging_rate_unit"] != self.unit:
            return call_result.SetChargingProfile(status="Rejected")
        if profile["stack_level"] > 2 or len(schedule["charging_schedule_period"]) > 1 or connector_id != 1:
            self.faults.append(f"beyond its limits: {profile}")
        self.installed[profile["charging_profile_id"]] = profile
        self.most_installed = max(self.most_installed, len(self.installed))
        return call_result.SetChargingProfile(status="Accepted")

    @on(Action.get_composite_schedule)
    def on_schedule(
        self, connector_id: int, duration: int, charging_rate_unit: str | None = None
    ) -> call_result.GetCompositeSchedule:
        return call_result.GetCompositeSchedule(status="Rejected")

    def limit(self) -> float:
        """Of the transaction."""
        found = [
            one["charging_schedule"]["charging_schedule_period"][0]["limit"]
            for one in self.installed.values()
            if one["charging_profile_purpose"] == "TxProfile"
        ]
        return float(found[0]) if found else 0.0


@pytest.mark.parametrize(("unit", "most"), [("A", 20.0), ("W", 20.0 * 207 * PHASES)])
async def test_profiles_are_valid_and_within_the_limits_of_a_peer(
    tmp_path: Path, unit: str, most: float
) -> None:
    site = {
        "name": "peer",
        "fuses": [{"name": "grid", "rating_a": 20}],
        "connectors": [
            {"charge_point": "TMH", "connector": 1, "fuse": "grid", "rotation": "RST", "metered": False}
        ],
    }
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        assert (await api.post("/sites", json=site)).status_code == 201
        async with websockets.connect(f"{endpoint}/TMH", subprotocols=["ocpp1.6"]) as websocket:
            peer = PeerStation("TMH", websocket, unit)
            listening = asyncio.create_task(peer.start())
            await peer.call(call.BootNotification(charge_point_vendor="tmh", charge_point_model="ocpp"))
            start = call.StartTransaction(
                connector_id=1, id_tag="T", meter_start=0, timestamp=datetime.now(UTC).isoformat()
            )
            await peer.call(start)

            async def raised() -> bool:
                return peer.limit() == most

            await eventually(raised, 25)
            count = len(peer.payloads)

            async def renewed() -> bool:
                return len(peer.payloads) > count

            await eventually(renewed, 25)
            told = (await api.get("/sites/peer/state")).json()["connectors"][0]
            listening.cancel()
    assert told["unit"] == unit
    assert peer.faults == []
    assert peer.most_installed == 2
    limits = [
        one["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
        for one in peer.payloads
        if one["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] == unit
    ]
    assert max(limits) == Decimal(str(most))
    sent = {one["csChargingProfiles"]["chargingProfilePurpose"] for one in peer.payloads}
    assert sent == {"TxDefaultProfile", "TxProfile"}, "a fail-safe share, and leases above it"
    others = len(peer.payloads) - len(limits)
    assert (others > 0) == (unit == "W"), "what it rejects is tried where it says that it takes it"
    last = [
        one["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"] for one in peer.payloads[count:]
    ]
    assert set(last) == {unit}, "what worked is tried first from then on"
    judges = [folder for folder in (PEER_SCHEMAS, SCHEMAS) if folder.is_dir()]
    assert PEER_SCHEMAS in judges
    for folder in judges:
        text = (folder / "SetChargingProfile.json").read_text("utf-8-sig")
        judge = Draft4Validator(json.loads(text, parse_float=Decimal))
        broken = json.loads(json.dumps(peer.payloads[0], default=float), parse_float=Decimal)
        del broken["csChargingProfiles"]["chargingProfileId"]
        assert not judge.is_valid(broken)
        for payload in peer.payloads:
            judge.validate(payload)
