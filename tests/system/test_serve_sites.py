"""Sites steered live: simulated stations over real sockets share a grid connection, and never exceed it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.system.central_here import central_here, eventually
from tests.system.raw_station import RawStation, station

from voltline.central import fleet
from voltline.central.settings import SitesSettings
from voltline.smart_charging.site.settings import Settings as Sharing
from voltline.station.simulator.station import SimulatedStation, StationOptions
from voltline.station.simulator.vehicle import CARS, Vehicle

# Minutes become seconds; the order of the times among each other is that of the defaults.
FAST = SitesSettings(lease_s=6, margin_s=1, change_s=0.5, fresh_s=5, answer_s=2, period_s=0.3, history_s=0.2)
SAMPLED = (
    ("MeterValueSampleInterval", "1"),
    ("MeterValuesSampledData", "Energy.Active.Import.Register,Current.Import,Power.Active.Import"),
)
GRACE_S = 2.0
"""Half a minute in earnest; no setting, since nobody should need another."""
BIG_CAR = CARS[3]
"""32 A on three phases."""
PASSES_V = 230.0


def site(name: str, identities: Sequence[str], rating_a: float = 40, **fields: Any) -> dict[str, Any]:
    """A site of connectors on three phases behind one fuse."""
    member = {"connector": 1, "fuse": "grid", "rotation": "RST"} | fields.pop("member", {})
    return {
        "name": name,
        "fuses": [{"name": "grid", "rating_a": rating_a}],
        "connectors": [{"charge_point": one} | member for one in identities],
    } | fields


class Drawn:
    """What stations truly draw, looked at all the time: the sum of their currents on each phase."""

    def __init__(self, stations: dict[str, SimulatedStation]) -> None:
        self._stations = stations
        self.most_a = 0.0
        self._task = asyncio.create_task(self._look())

    @property
    def now_a(self) -> float:
        return sum(one.view().power_w for one in self._stations.values()) / (3 * PASSES_V)

    async def _look(self) -> None:
        while True:
            self.most_a = max(self.most_a, self.now_a)
            await asyncio.sleep(0.02)

    async def stop(self) -> float:
        self._task.cancel()
        await asyncio.wait([self._task])
        return self.most_a


class Park:
    """Stations that come and go."""

    def __init__(self, endpoint: str, stack: AsyncExitStack) -> None:
        self._endpoint, self._stack = endpoint, stack
        self.stations: dict[str, SimulatedStation] = {}

    async def join(self, identity: str, **options: Any) -> SimulatedStation:
        made = StationOptions(power_w=22_080, configuration=SAMPLED, reboot_s=0.5, **options)
        one = await self._stack.enter_async_context(SimulatedStation(self._endpoint, identity, made))
        self.stations[identity] = one
        await one.until(lambda view: view.online)
        return one

    async def charge(self, identity: str) -> None:
        one = self.stations[identity]
        await one.plug_in(1, Vehicle(BIG_CAR, 0.1))
        await one.present_tag("04A2B6C81F5E80")
        await one.until(lambda view: view.connectors[0].transaction_id is not None)


@asynccontextmanager
async def park(endpoint: str) -> AsyncIterator[Park]:
    async with AsyncExitStack() as stack:
        yield Park(endpoint, stack)


async def until(look: Callable[[], bool], within_s: float = 25) -> None:
    async def asked() -> bool:
        return look()

    await eventually(asked, within_s)


async def state(api: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await api.get(f"/sites/{name}/state")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def until_safe(api: httpx.AsyncClient, name: str) -> None:
    """Until every connector has its fail-safe default: before, it may draw all that its hardware can give."""

    async def look() -> bool:
        told = await state(api, name)
        return all(max(fuse["possible_a"]) <= max(fuse["capacity_a"]) for fuse in told["fuses"])

    await eventually(look, 25)


async def test_capacity_is_never_exceeded_while_stations_join_leave_go_offline_and_reboot(
    tmp_path: Path,
) -> None:
    names = [f"S{number}" for number in range(1, 5)]
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        assert (await api.post("/sites", json=site("park", names))).status_code == 201
        async with park(endpoint) as cars:
            for name in names:
                await cars.join(name)
            await until_safe(api, "park")
            drawn = Drawn(cars.stations)
            await cars.charge("S1")
            await until(lambda: drawn.now_a > 25)  # alone it has all that it can take
            await cars.charge("S2")
            await until(lambda: sum(one.view().power_w > 9_000 for one in cars.stations.values()) == 2)
            for name in names[2:]:
                await cars.charge(name)
            await until(lambda: sum(one.view().power_w > 3_500 for one in cars.stations.values()) == 4)
            # It keeps what it was lent until that lapses, then falls back to its share; others have the rest.
            await cars.stations["S1"].go_offline()
            await until(lambda: 0 < cars.stations["S1"].view().power_w < 6.3 * 3 * PASSES_V)
            await cars.stations["S1"].go_online()
            await cars.stations["S3"].until(lambda view: view.online)
            rebooted = await api.post("/charge-points/S3/commands/Reset", json={"type": "Hard"})
            assert rebooted.json() == {"status": "Accepted"}
            await cars.stations["S2"].unplug(1)
            await until(lambda: cars.stations["S4"].view().power_w > 7_500)
            most_a = await drawn.stop()
            told = await state(api, "park")
            history = (await api.get("/sites/park/history", params={"limit": 10_000})).json()["items"]
    assert 25 < most_a <= 40.2
    assert not [one for one in told["troubles"] if one["trouble"] == "disobeys"]
    points = [fuse for one in history for fuse in one["fuses"]]
    assert points
    started = next(number for number, one in enumerate(points) if max(one["possible_a"]) <= 40)
    noise_a = 0.5  # what a meter reads counts, too
    assert max(max(one["possible_a"]) for one in points[started:]) <= 40 + noise_a
    assert max(max(one["measured_a"]) for one in points) > 20


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector is given little time to follow a limit, and as little to be believed again."""
    monkeypatch.setattr(fleet, "Sharing", partial(Sharing, grace_s=GRACE_S))


# ---- charge points of raw frames: what is sent, and what becomes of refusals

KEYS = {
    "ChargeProfileMaxStackLevel": "3",
    "ChargingScheduleAllowedChargingRateUnit": "Current",
    "ChargingScheduleMaxPeriods": "1",
    "MaxChargingProfilesInstalled": "4",
    "ConnectorPhaseRotation": "0.RST,1.STR",
}


class Lent:
    """What a charge point of raw frames was told, and what it accepts."""

    def __init__(self, cp: RawStation, accepts: Callable[[dict[str, Any]], bool] = lambda _: True) -> None:
        self.profiles: list[dict[str, Any]] = []
        """Of connector 1, those that were accepted."""
        self.refused: list[dict[str, Any]] = []
        self.schedule_a: float | None = None
        """What its composite schedule says; None: that of the last profile."""
        self._accepts = accepts
        cp.answering["SetChargingProfile"] = self._set
        cp.answering["GetCompositeSchedule"] = self._schedule
        cp.unasked["ClearChargingProfile"] = {"status": "Accepted"}

    def _set(self, payload: dict[str, Any]) -> dict[str, Any]:
        profile = payload["csChargingProfiles"]
        if not self._accepts(profile):
            self.refused.append(profile)
            return {"status": "Rejected"}
        self.profiles.append(profile)
        return {"status": "Accepted"}

    def _schedule(self, payload: dict[str, Any]) -> dict[str, Any]:
        last = self.profiles[-1]["chargingSchedule"]
        limit = last["chargingSchedulePeriod"][0]["limit"] if self.schedule_a is None else self.schedule_a
        return {
            "status": "Accepted",
            "connectorId": payload["connectorId"],
            "scheduleStart": datetime.now(UTC).isoformat(),
            "chargingSchedule": {
                "duration": payload["duration"],
                "chargingRateUnit": last["chargingRateUnit"],
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            },
        }

    def of(self, purpose: str) -> list[dict[str, Any]]:
        return [one for one in self.profiles if one["chargingProfilePurpose"] == purpose]

    @property
    def limit(self) -> float:
        """Of the last lease."""
        leases = self.of("TxProfile")
        return float(leases[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]) if leases else 0.0


def configure(cp: RawStation, **keys: str) -> None:
    told = KEYS | keys
    cp.unasked["GetConfiguration"] = {
        "configurationKey": [{"key": key, "readonly": True, "value": value} for key, value in told.items()]
    }


async def started(cp: RawStation, connector: int = 1) -> int:
    payload = {"connectorId": connector, "idTag": "TAG", "meterStart": 0, "timestamp": now()}
    return int((await cp.call("StartTransaction", payload))["transactionId"])


async def metered(cp: RawStation, transaction: int, *currents_a: float) -> None:
    sampled = [
        {"value": str(current), "measurand": "Current.Import", "phase": f"L{phase}", "unit": "A"}
        for phase, current in enumerate(currents_a, 1)
    ]
    values = [{"timestamp": now(), "sampledValue": sampled}]
    await cp.call("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": values})


def now() -> str:
    return datetime.now(UTC).isoformat()


async def test_a_lease_is_a_profile_of_the_transaction_above_a_fail_safe_default(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        body = site("one", ["CP1"], member={"rotation": None, "safe_a": 6})
        assert (await api.post("/sites", json=body)).status_code == 201
        async with station(endpoint, "CP1") as cp:
            configure(cp)
            lent = Lent(cp)
            await cp.boot()
            await until(lambda: bool(lent.of("TxDefaultProfile")))
            transaction = await started(cp)
            await until(lambda: lent.limit == 32)
            count = len(lent.of("TxProfile"))
            await until(lambda: len(lent.of("TxProfile")) > count)  # it is renewed
            listed = await api.get("/events/history", params={"kinds": "site.*", "order": "oldest-first"})
            renewed = lent.of("TxProfile")[count]["validTo"]
            profiles: list[dict[str, Any]] = []

            async def stored() -> bool:
                profiles[:] = (await api.get("/charge-points/CP1/charging-profiles")).json()["items"]
                return bool(profiles[0]["profile"].get("validTo", "") >= renewed)

            await eventually(stored)
            past = await api.get("/charge-points/CP1/charging-profiles", params={"installed": False})
    safe, lease = lent.of("TxDefaultProfile")[0], lent.of("TxProfile")[-1]
    assert "validTo" not in safe and safe["stackLevel"] == 2
    assert safe["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6.0}]
    assert (lease["transactionId"], lease["stackLevel"]) == (transaction, 3)
    assert lease["chargingProfileId"] != safe["chargingProfileId"]
    ends = datetime.fromisoformat(lease["validTo"])
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(seconds=FAST.lease_s)
    schedule = lease["chargingSchedule"]
    begins = datetime.fromisoformat(schedule["startSchedule"])
    assert begins + timedelta(seconds=schedule["duration"]) == ends
    assert len({one["chargingProfileId"] for one in lent.of("TxProfile")}) == 1
    # A renewal is the same profile for longer, and no new row of its history.
    assert [one["purpose"] for one in profiles] == ["TxProfile", "TxDefaultProfile"]
    assert past.json()["items"] == []
    kinds = [one["kind"] for one in listed.json()["items"]]
    assert kinds[0] == "site.changed" and "site.allocated" in kinds


async def test_a_charge_point_that_refuses_amperes_is_driven_in_watts(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        await api.post("/sites", json=site("watts", ["CP1"], member={"safe_a": 6}))
        async with station(endpoint, "CP1") as cp:
            configure(cp, ChargingScheduleAllowedChargingRateUnit="Current,Power")
            lent = Lent(cp, lambda profile: profile["chargingSchedule"]["chargingRateUnit"] == "W")
            await cp.boot()
            await until(lambda: bool(lent.of("TxDefaultProfile")))
            await started(cp)
            await until(lambda: lent.limit > 19_000)
            refused = len(lent.refused)
            count = len(lent.profiles)
            await until(lambda: len(lent.profiles) > count + 1)
            told = (await state(api, "watts"))["connectors"][0]
    assert lent.limit == 32 * 207 * 3  # the least voltage: never more amperes than were meant
    assert (told["unit"], told["purpose"]) == ("W", "TxProfile")
    assert len(lent.refused) == refused  # it is not asked again for what it refused
    # What is too little at the nominal voltage is not lent: the share is enough to charge with.
    assert told["safe_a"] == pytest.approx(6.7)


async def test_a_charge_point_that_refuses_transaction_profiles_is_lent_above_its_default(
    tmp_path: Path,
) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        await api.post("/sites", json=site("defaults", ["CP1"]))
        async with station(endpoint, "CP1") as cp:
            configure(cp)
            lent = Lent(cp, lambda profile: profile["chargingProfilePurpose"] == "TxDefaultProfile")
            await cp.boot()
            await until(lambda: bool(lent.profiles))
            transaction = await started(cp)
            await until(lambda: any("validTo" in one for one in lent.profiles))
            lease = next(one for one in lent.profiles if "validTo" in one)
            end = {"transactionId": transaction, "meterStop": 5, "timestamp": now()}
            cleared: list[Any] = []
            cp.answering["ClearChargingProfile"] = lambda payload: (
                cleared.append(payload) or {"status": "Accepted"}
            )
            await cp.call("StopTransaction", end)
            await until(lambda: cleared == [{"id": lease["chargingProfileId"]}])
    assert lease["stackLevel"] > lent.profiles[0]["stackLevel"]
    assert "transactionId" not in lease


async def test_a_limit_above_which_the_composite_schedule_is_does_not_count_as_kept(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        await api.post("/sites", json=site("liar", ["CP1"], rating_a=20))
        async with station(endpoint, "CP1") as cp:
            configure(cp)
            lent = Lent(cp)
            await cp.boot()
            await until(lambda: bool(lent.profiles))
            lent.schedule_a = 32.0
            await started(cp)
            await until(lambda: lent.limit > 0)

            async def told() -> bool:
                found = (await state(api, "liar"))["troubles"]
                return any(one["trouble"] == "schedule-differs" for one in found)

            await eventually(told)


async def test_a_charge_point_that_draws_more_than_it_may_is_found_and_counts_in_full(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        await api.post("/sites", json=site("thief", ["CP1", "CP2"], rating_a=40))
        async with station(endpoint, "CP1") as thief, station(endpoint, "CP2") as other:
            for cp in (thief, other):
                configure(cp)
            stolen, kept = Lent(thief), Lent(other)
            await thief.boot()
            await other.boot()
            await until_safe(api, "thief")
            first, second = await started(thief), await started(other)
            await until(lambda: stolen.limit > 0 and kept.limit > 0)

            async def found() -> bool:
                await metered(thief, first, 32, 32, 32)
                await metered(other, second, kept.limit, kept.limit, kept.limit)
                told = await state(api, "thief")
                one = told["connectors"][0]
                return bool(one["distrusted"] and max(one["possible_a"]) == 32 and kept.limit <= 8)

            await eventually(found, 25)
            metrics = (await api.get(str(api.base_url).replace("/api/v1/", "/metrics"))).text
    assert 'voltline_site_findings_total{site="thief",trouble="disobeys"} 1.0' in metrics
    assert 'voltline_site_capacity_amperes{fuse="grid",phase="L1",site="thief"} 40.0' in metrics


async def test_what_was_lent_is_known_after_a_restart(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        await api.post("/sites", json=site("again", ["CP1", "CP2"], rating_a=40))
        async with station(endpoint, "CP1") as one, station(endpoint, "CP2") as two:
            for cp in (one, two):
                configure(cp)
            lent, _ = Lent(one), Lent(two)
            await one.boot()
            await two.boot()
            await until_safe(api, "again")
            await started(one)
            await until(lambda: lent.limit == 32)
    async with central_here(tmp_path, sites=FAST) as (_, api):
        after = (await state(api, "again"))["connectors"]
    # The first may still draw what it was lent, the second its share; who knows nothing has to count both
    # with all that their hardware can give.
    assert [max(one["possible_a"]) for one in after] == [32, after[1]["safe_a"]]
    assert after[1]["safe_a"] < 32


async def test_a_station_that_gives_one_phase_the_watts_of_three_is_told_those_of_one(
    tmp_path: Path, impatient: None
) -> None:
    fair_w = 20 * 207
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        body = site("one", ["CP1", "CP2"], rating_a=40, member={"safe_a": 0})
        assert (await api.post("/sites", json=body)).status_code == 201
        async with station(endpoint, "CP1") as one, station(endpoint, "CP2") as two:
            lent = {}
            for cp in (one, two):
                configure(cp, ChargingScheduleAllowedChargingRateUnit="Power")
                lent[cp] = Lent(cp)
                await cp.boot()
            await until_safe(api, "one")
            transactions = {cp: await started(cp) for cp in (one, two)}

            async def charge(takes_all: bool) -> None:
                watts = lent[one].limit
                on_one_a = min(32, watts / (230 if takes_all else 690))
                await metered(one, transactions[one], on_one_a, 0, 0)
                await metered(two, transactions[two], *[lent[two].limit / 690] * 3)

            async def shared() -> bool:
                await charge(False)
                return lent[one].limit == lent[two].limit == fair_w * 3

            await eventually(shared, 25)

            async def told() -> bool:
                await charge(True)
                await asyncio.sleep(0.2)
                return lent[one].limit == fair_w

            await eventually(told, 25)
            found = (await state(api, "one"))["troubles"]
            assert "watts-on-one-phase" in {each["trouble"] for each in found}
            profile = lent[one].of("TxProfile")[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]
            assert "numberPhases" not in profile, "or it might give a car of three phases one"


async def test_a_limit_that_overrides_the_fail_safe_share_says_so(tmp_path: Path) -> None:
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        assert (await api.post("/sites", json=site("one", ["CP1"], member={"safe_a": 8}))).status_code == 201
        async with station(endpoint, "CP1") as cp:
            configure(cp)
            lent = Lent(cp)
            await cp.boot()
            await until_safe(api, "one")
            said = {}
            for amperes in (20, 7):
                body = {"connector": 1, "amperes": amperes}
                answer = await api.post("/charge-points/CP1/limit", json=body)
                assert answer.status_code == 200, answer.text
                said[amperes] = [one for one in answer.json()["warnings"] if "site" in one]
            assert said == {
                20: [
                    "this default overrides the fail-safe share of connector 1 at the site 'one': without a "
                    "lease it may draw 20 A now, not 8 A; DELETE .../limit lifts it"
                ],
                7: [],
            }
            await started(cp)
            await until(lambda: lent.limit == 32)
            answer = await api.post("/charge-points/CP1/limit", json={"connector": 1, "amperes": 7})
            (said_of_lease,) = [one for one in answer.json()["warnings"] if "site" in one]
            assert "its next lease takes the place of this TxProfile" in said_of_lease


async def test_meters_of_the_building_and_the_sun_move_the_capacity(tmp_path: Path) -> None:
    body = site("house", ["CP1"], rating_a=35, meters=[{"fuse": "grid", "charge_point": "METER"}])
    async with central_here(tmp_path, sites=FAST) as (endpoint, api):
        assert (await api.post("/sites", json=body)).status_code == 201
        async with station(endpoint, "CP1") as cp, station(endpoint, "METER") as meter:
            configure(cp)
            lent = Lent(cp)
            await meter.boot()
            await cp.boot()
            await until_safe(api, "house")
            transaction = await started(cp)
            await until(lambda: lent.limit == 32)
            reading = {"fuse": "grid", "currents_a": [25, 3, 3], "measures": "others"}

            async def lowered() -> bool:
                told = (await api.post("/sites/house/meter", json=reading)).json()
                assert told["fuses"][0]["capacity_a"] == [10.0, 32.0, 32.0]
                await metered(cp, transaction, lent.limit, lent.limit, lent.limit)
                return lent.limit == 10

            await eventually(lowered, 25)
            await asyncio.sleep(0)
            sampled = [
                {"value": "5.0", "measurand": "Current.Import", "phase": f"L{phase}", "unit": "A"}
                for phase in (1, 2, 3)
            ]

            async def raised() -> bool:
                values = [{"timestamp": now(), "sampledValue": sampled}]
                await meter.call("MeterValues", {"connectorId": 0, "meterValue": values})
                await metered(cp, transaction, lent.limit, lent.limit, lent.limit)
                return lent.limit >= 29

            await eventually(raised, 25)
            sun = {"solar_only": True}
            need = await api.put("/sites/house/connectors/cp1/1/need", json=sun)
            assert need.status_code == 200, need.text

            async def follows_the_sun() -> bool:
                await api.post("/sites/house/meter", json={"surplus_w": 3 * 230 * 8})
                await metered(cp, transaction, lent.limit, lent.limit, lent.limit)
                return 7.5 <= lent.limit <= 8

            await eventually(follows_the_sun, 25)
            svg = await api.get("/sites/house/plot.svg")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert svg.text.count(">grid, L") == 3
