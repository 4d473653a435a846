"""The inspector looks at live traffic and tells what it finds; no charge point waits for it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import RawStation, station
from tests.system.test_serve_events import following

from voltline.messages import ChargePointErrorCode
from voltline.station.device.storage import MemoryStorage
from voltline.station.simulator import faults
from voltline.station.simulator.actions import ClearFault, RaiseFault
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.spoiling import Harm, Which
from voltline.station.simulator.station import SimulatedStation

GROUND = {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure"}
FREE = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
FAULT = "Fault: GroundFailure"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with client(server) as made:
        yield made


def client(server: Serving) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=20)


async def eventually(look: Callable[[], Awaitable[Any]], within_s: float = 20) -> Any:
    """Ask until there is an answer."""
    async with asyncio.timeout(within_s):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


async def found(api: httpx.AsyncClient, charge_point: str, detector: str, **query: Any) -> dict[str, Any]:
    """The finding of this detector, once there is one."""

    async def look() -> list[dict[str, Any]]:
        response = await api.get(
            f"/charge-points/{charge_point}/findings", params={"detector": detector, **query}
        )
        assert response.status_code == 200, response.text
        return list(response.json()["items"])

    return dict((await eventually(look))[0])


def inspectors(server: Serving) -> list[int]:
    """The processes of the inspector."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell the children of a process")
    return [int(pid) for pid in children.read_text().split()]


def has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def metric(server: Serving, name: str) -> float:
    async with httpx.AsyncClient() as asking:
        text = (await asking.get(f"{server.http}/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def free(api: httpx.AsyncClient, charge_point: str) -> bool:
    """Whether its connector has said, last, that it is available."""
    shown = (await api.get(f"/charge-points/{charge_point}")).json()
    return any((one["connector_id"], one["status"]) == (1, "Available") for one in shown["connectors"])


async def report(cp: RawStation, status: dict[str, Any]) -> None:
    assert await cp.call("StatusNotification", status) == {}


async def test_fault_of_a_simulated_station_is_told_listed_closed_and_opened_again(
    server: Serving, api: httpx.AsyncClient
) -> None:
    options = StationOptions(reboot_s=0.02, seed=7)
    async with following(api, kinds="finding.*", charge_point="SIM1") as events:
        async with SimulatedStation(server.ocpp, "SIM1", options, storage=MemoryStorage()) as cp:
            await cp.until(lambda view: view.online)
            cp.perform(RaiseFault(ChargePointErrorCode.GROUND_FAILURE, 1, "on demand"))
            event = await events.until("finding.opened", "SIM1")
            told = event["subject"]
            assert (told["detector"], told["title"], told["connector_id"]) == ("X03", FAULT, 1)
            listed = await found(api, "sim1", "X03", state="open", severity="error")
            assert listed["id"] == told["finding_id"]
            detail = (await api.get(f"/findings/{listed['id']}")).json()
            assert {name: detail[name] for name in listed} == listed
            (frame,) = detail["frames"]
            assert (frame["direction"], "GroundFailure" in frame["text"]) == ("in", True)
            (logged,) = (await api.get(f"{server.http}{frame['messages']}")).json()["items"]
            assert logged["text"] == frame["text"]
            around = (await api.get(f"{server.http}{detail['messages_around']}")).json()["items"]
            assert logged in around
            closed = await api.post(f"/findings/{listed['id']}/close", json={"note": "cable replaced"})
            assert (closed.json()["state"], closed.json()["note"]) == ("closed", "cable replaced")
            assert (await events.until("finding.closed"))["subject"]["finding_id"] == listed["id"]
            cp.perform(ClearFault(1))
            cp.perform(RaiseFault(ChargePointErrorCode.GROUND_FAILURE, 1, "again"))
            assert (await events.until("finding.reopened"))["subject"]["finding_id"] == listed["id"]
    again = (await api.get(f"/findings/{listed['id']}")).json()
    assert (again["state"], again["times_opened"], again["closed_at"]) == ("open", 2, None)


async def test_answer_that_comes_twice_is_found_in_the_answers_of_a_simulated_station(
    server: Serving, api: httpx.AsyncClient
) -> None:
    options = StationOptions(reboot_s=0.02, seed=7)
    async with SimulatedStation(server.ocpp, "SIM2", options, storage=MemoryStorage()) as cp:
        await cp.until(lambda view: view.online)
        cp.perform(faults.SpoilFrames(Which.ANSWERS, Harm.TWICE, 1))
        await api.post("/charge-points/SIM2/commands/GetLocalListVersion", json={})
        twice = await found(api, "SIM2", "R02")
    assert twice["who"] == "charger maker"
    assert "voltline explain" not in twice["next_step"]


async def test_clean_station_has_no_finding_worth_a_look(server: Serving, api: httpx.AsyncClient) -> None:
    async with SimulatedStation(server.ocpp, "CLEAN", StationOptions(seed=7), storage=MemoryStorage()) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].transaction_id is not None)
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].transaction_id is None)
        await cp.unplug(1)
        await eventually(lambda: free(api, "CLEAN"))
    async with station(server.ocpp, "MARK") as cp:  # once this is found, all before was looked at
        await cp.boot()
        await report(cp, GROUND)
        await found(api, "MARK", "X03")
    items = (await api.get("/findings", params={"charge_point": "CLEAN", "severity": "warning"})).json()
    assert items["items"] == []


async def test_list_is_filtered_and_goes_on_by_its_cursor(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "LIST") as cp:
        await cp.boot()
        await report(cp, GROUND)
        await report(cp, GROUND | {"connectorId": 2})
        await cp.socket.send_str('[2,"1","Heartb')
        await found(api, "LIST", "P01")

    async def ids(**query: Any) -> list[int]:
        response = await api.get("/findings", params={"charge_point": "LIST", **query})
        assert response.status_code == 200, response.text
        return [one["id"] for one in response.json()["items"]]

    assert len(await ids(detector="X03")) == 2
    assert await ids(state="closed") == []
    assert await ids(until="2020-01-01T00:00:00Z") == []
    assert await ids(since="2020-01-01T00:00:00Z") == await ids() != []
    first = (await api.get("/charge-points/LIST/findings", params={"limit": 1})).json()
    rest = (await api.get("/charge-points/LIST/findings", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == await ids()
    lines = (await api.get("/findings", params={"charge_point": "LIST", "format": "csv"})).text
    assert lines.startswith("id,charge_point,connector_id,detector,title,severity,state")


async def test_what_cannot_be_asked_is_refused_with_a_reason(api: httpx.AsyncClient) -> None:
    for method, path, status in (
        ("GET", "/findings/999999", 404),
        ("POST", "/findings/999999/close", 404),
        ("POST", "/findings/999999/mute", 404),
        ("POST", "/findings/999999/unmute", 404),
        ("GET", "/charge-points/NOBODY/findings", 404),
        ("GET", "/findings?severity=awful", 400),
        ("GET", "/findings?state=ajar", 400),
    ):
        response = await api.request(method, path)
        assert response.status_code == status, response.text
        assert response.json()["detail"]
    response = await api.post("/findings/1/mute", json={"until": "2020-01-01T00:00:00Z"})
    assert response.status_code == 422
    assert "This time is over" in response.text


async def test_muted_finding_is_on_record_and_not_counted(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "MUTED") as cp:
        await cp.boot()
        await report(cp, GROUND)
        finding = await found(api, "MUTED", "X03")
    name = 'voltline_findings_open{severity="error"}'
    before = await metric(server, name)
    muted = await api.post(f"/findings/{finding['id']}/mute", json={"note": "known"})
    assert (muted.json()["muted"], muted.json()["muted_until"]) == (True, None)
    assert await metric(server, name) == before - 1
    unmuted = await api.post(f"/findings/{finding['id']}/unmute")
    assert (unmuted.json()["muted"], unmuted.json()["note"]) == (False, "known")
    assert await metric(server, name) == before


async def test_fault_that_is_not_seen_any_more_is_closed_by_itself(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "inspection.close_after_h=0.0003") as server:
        async with client(server) as api, following(api, kinds="finding.*") as events:
            async with station(server.ocpp) as cp:
                await cp.boot()
                await report(cp, GROUND)
                opened = await events.until("finding.opened", "CP1")
                last = (await api.get("/findings")).json()["items"][0]["closes_at"]
                assert last is not None

                async def over() -> bool:
                    return str((await cp.call("Heartbeat"))["currentTime"]) > last

                await eventually(over)
            closed = await events.until("finding.closed", "CP1")
            assert closed["subject"]["closed_by"] is None
            assert opened["subject"]["finding_id"] >= 1
            finding = (await api.get(f"/findings/{closed['subject']['finding_id']}")).json()
            assert (finding["state"], finding["closes_at"]) == ("closed", None)


async def test_killed_inspector_is_started_again_and_charge_points_notice_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        async with client(server) as api, station(server.ocpp) as cp:
            await cp.boot()
            await report(cp, GROUND)
            await found(api, "CP1", "X03")
            (pid,) = inspectors(server)
            os.kill(pid, signal.SIGKILL)
            for _ in range(200):
                await cp.call("Heartbeat")

            async def restarted() -> bool:
                stands = (await api.get("/inspection")).json()
                return bool(stands["running"] and stands["restarts"] == 1)

            await eventually(restarted)
            assert inspectors(server) != [pid]
            await report(cp, FREE)
            await report(cp, GROUND | {"connectorId": 2})

            async def of_the_other() -> bool:
                items = (await api.get("/findings", params={"detector": "X03"})).json()["items"]
                return {1, 2} == {one["connector_id"] for one in items}

            await eventually(of_the_other)
            assert await metric(server, "voltline_inspection_restarts_total") == 1


async def test_frames_meant_to_harm_are_found_and_stop_nobody(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "HOSTILE") as cp:
        await cp.boot()
        (before,) = inspectors(server)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.ocpp}/HOSTILE", protocols=("ocpp1.6",)) as socket,
    ):
        for text in (
            "[" * 100_000,
            '[2,"x","</script><img src=x onerror=alert(1)>",{"\\u2028":"\\ud800\\u0000"}]',
            '[2,"y","MeterValues",{"connectorId":1e400,"meterValue":[{}]}]',
            '[2,"z","StartTransaction",{"connectorId":99999999999999999999999}]',
            '[3,"nobody asked",{}]',
            '[4,"nobody asked","","",null]',
            '[2,"w","DataTransfer",{"vendorId":"' + "A" * 500_000 + '"}]',
        ):
            await socket.send_str(text)
    async with station(server.ocpp, "HOSTILE") as cp:
        await report(cp, GROUND)
        await found(api, "HOSTILE", "X03")
        assert inspectors(server) == [before]
        items = (await api.get("/charge-points/HOSTILE/findings")).json()["items"]
        assert {"P01", "R08"} <= {one["detector"] for one in items}


async def test_inspector_ends_with_the_central_system(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        async with client(server) as api, station(server.ocpp) as cp:
            await cp.boot()
            await report(cp, GROUND)
            await found(api, "CP1", "X03")
        (pid,) = inspectors(server)
        assert server.stop() == 0
        assert has_ended(pid)
        server = start_serving(tmp_path / "data")
        try:
            async with client(server) as api:
                finding = await found(api, "CP1", "X03")
                assert finding["state"] == "open"
                async with station(server.ocpp) as cp:
                    await cp.boot()
                    (pid,) = await eventually(lambda: asyncio.to_thread(inspectors, server))
            server.kill()
            await eventually(lambda: asyncio.to_thread(has_ended, pid))
        finally:
            server.stop()


async def test_inspector_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "inspection.enabled=false") as server:
        async with client(server) as api, station(server.ocpp) as cp:
            await cp.boot()
            await report(cp, GROUND)
            stands = (await api.get("/inspection")).json()
            assert (stands["enabled"], stands["running"]) == (False, False)
            assert (await api.get("/findings")).json()["items"] == []
            assert inspectors(server) == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("inspection.detectors=Q77", "no detector has the id 'Q77'"),
        ("inspection.thresholds=R03.nonsense=1", "R03 has no setting 'nonsense'"),
        ("inspection.thresholds=R03.after_s=long", "R03: "),
        ("inspection.own_detectors=/no/such/folder", "there is no such folder of detectors"),
    ],
)
def test_setting_that_no_detector_has_is_one_clear_line(tmp_path: Path, setting: str, said: str) -> None:
    command = ["serve", "--ocpp-port=0", "--http-port=0", f"--set={setting}"]
    run = subprocess.run(
        [sys.executable, "-m", "voltline.cli.main", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert said in run.stderr
    assert "[inspection]" in run.stderr
    assert "Traceback" not in run.stderr


async def test_inspector_that_cannot_follow_leaves_charge_points_out_and_catches_up(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        async with client(server) as api, station(server.ocpp) as cp:

            async def stands() -> dict[str, Any]:
                return dict((await api.get("/inspection")).json())

            await cp.boot()
            await report(cp, GROUND)
            await found(api, "CP1", "X03")
            (pid,) = inspectors(server)
            os.kill(pid, signal.SIGSTOP)
            try:
                for _ in range(30):
                    await cp.call("DataTransfer", {"vendorId": "com.example", "data": "A" * 900_000})
                behind = await stands()
                assert behind["coverage"] < 1
                assert behind["frames_left_out"] > 0
                assert behind["lag_s"] > 0
                assert await metric(server, "voltline_inspection_frames_dropped_total") > 0
            finally:
                os.kill(pid, signal.SIGCONT)

            async def caught_up() -> bool:
                return bool((await stands())["lag_s"] == 0)

            await eventually(caught_up)
            assert (await stands())["restarts"] == 0
            assert inspectors(server) == [pid]
