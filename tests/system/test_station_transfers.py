"""The simulated charge point and `voltline serve`: firmware, diagnostics, logs and vendors' data for real."""

import asyncio
import io
import json
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.test_station_process import Start, output, start

from voltline.messages import DataTransferStatus
from voltline.station.device.listener import Listener
from voltline.station.device.storage import FolderStorage, MemoryStorage
from voltline.station.simulator.actions import AnswerData, SendData
from voltline.station.simulator.faults import LosePower
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.transport.client import ClientOptions

__all__ = ["start"]

HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)
FIRMWARE = bytes(range(256)) * 4000
FTP, HTTP = "ftp", "http"
_numbers = count(1)

Jobs = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data", "--set", "procedures.settle_s=0") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as client:
        yield client


def simulated(server: Serving, **more: Any) -> SimulatedStation:
    how = {name: more.pop(name) for name in ("storage", "listener") if name in more}
    made = {"connectors": 2, "reboot_s": 0.05, "install_s": 0.05, "seed": 3}
    options = StationOptions(**(made | more))
    return SimulatedStation(server.ocpp, f"FILES{next(_numbers)}", options, client=HASTE, **how)


@pytest.fixture
async def cp(server: Serving) -> AsyncIterator[SimulatedStation]:
    async with simulated(server) as station:
        await station.until(lambda view: view.online)
        yield station


async def posted(api: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    response = await api.post(path, json=body)
    assert response.is_success, response.text
    return dict(response.json())


async def ordered(
    api: httpx.AsyncClient, cp: SimulatedStation | str, what: str, **body: Any
) -> dict[str, Any]:
    identity = cp if isinstance(cp, str) else cp.identity
    return await posted(api, f"/charge-points/{identity}/{what}", **body)


async def job(
    api: httpx.AsyncClient, made: dict[str, Any], until: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The job, once this holds of it."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(20):
            while not (found and until(found)):
                found = (await api.get(f"/file-jobs/{made['id']}")).json()
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"the job stands at {json.dumps(found, indent=1)}") from None
    return found


async def ended(api: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    return await job(api, made, lambda found: found["state"] in ("done", "failed"))


async def installed(api: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    """The job is done when the new firmware boots; its last status follows."""
    return await job(api, made, lambda found: "Installed" in said(found))


def said(found: dict[str, Any]) -> list[str]:
    """The statuses that were notified, in order; a boot is noted beside them."""
    own = [step for step in found["history"] if step["source"] == "charge-point" and step["status"]]
    return [step["status"] for step in own if not str(step["detail"]).startswith("it booted")]


async def stored(api: httpx.AsyncClient, name: str, content: bytes = FIRMWARE) -> int:
    response = await api.post("/files", params={"name": name}, content=content)
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


# ---- firmware


@pytest.mark.requirement("FWU-05", "FWU-08", "FWU-13")
@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_firmware_is_fetched_installed_and_booted(
    api: httpx.AsyncClient, cp: SimulatedStation, protocol: str
) -> None:
    file_id = await stored(api, "fw-2.0.bin")
    made = await ordered(api, cp, "firmware-updates", file_id=file_id, protocol=protocol)
    done = await installed(api, made)
    assert done["state"] == "done"
    assert said(done) == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert any(step["detail"] == f"the file was fetched by {protocol.upper()}" for step in done["history"])
    assert cp.view().firmware_version == "2.0"
    known = (await api.get(f"/charge-points/{cp.identity}")).json()
    assert known["firmware_version"] == "2.0"
    await cp.until(lambda view: [one.status for one in view.connectors] == ["Available"] * 2)


@pytest.mark.requirement("FWU-09")
async def test_broken_image_is_not_installed(api: httpx.AsyncClient, cp: SimulatedStation) -> None:
    file_id = await stored(api, "fw-6.6.bin", b"<html>Not found</html>")
    failed = await ended(api, await ordered(api, cp, "firmware-updates", file_id=file_id))
    assert (failed["state"], failed["status"]) == ("failed", "InstallationFailed")
    assert cp.view().firmware_version == "1.0.0"


@pytest.mark.requirement("FWU-09", "FWU-10")
async def test_firmware_that_is_nowhere_is_tried_as_often_as_asked(
    api: httpx.AsyncClient, server: Serving
) -> None:
    notices = Notices()
    async with simulated(server, listener=notices) as cp:
        await cp.until(lambda view: view.online)
        made = await ordered(
            api,
            cp,
            "firmware-updates",
            location="http://user:secret@127.0.0.1:1/fw.bin",
            retries=2,
            retry_interval_s=0,
        )
        failed = await ended(api, made)
    assert (failed["state"], failed["status"]) == ("failed", "DownloadFailed")
    assert sum("firmware: fetching" in text for text in notices.texts) == 3
    assert not any("secret" in text for text in notices.texts)


class Notices(Listener):
    """What people at the station were told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def noticed(self, notice: Any) -> None:
        self.texts.append(notice.text)


@pytest.mark.requirement("FWU-07")
async def test_installation_waits_for_whoever_charges(api: httpx.AsyncClient, cp: SimulatedStation) -> None:
    await cp.plug_in(1)
    await cp.present_tag("AABBCC", 1)
    await cp.until(lambda view: view.connectors[0].status == "Charging")
    file_id = await stored(api, "fw-3.1.bin")
    made = await ordered(api, cp, "firmware-updates", file_id=file_id)
    await job(api, made, lambda found: found["status"] == "Downloaded")
    await cp.until(lambda view: view.connectors[1].status == "Unavailable")
    assert cp.view().connectors[0].status == "Charging"
    await cp.press_stop(1)
    done = await installed(api, made)
    assert said(done) == ["Downloading", "Downloaded", "Installing", "Installed"]
    await cp.until(lambda view: view.connectors[1].status == "Available")


@pytest.mark.requirement("FWU-11")
async def test_status_of_firmware_and_diagnostics_can_be_triggered(
    api: httpx.AsyncClient, cp: SimulatedStation
) -> None:
    for message in ("FirmwareStatusNotification", "DiagnosticsStatusNotification"):
        path = f"/charge-points/{cp.identity}/commands/TriggerMessage"
        answer = await posted(api, path, requestedMessage=message)
        assert answer["status"] == "Accepted"


# ---- diagnostics and logs


@pytest.mark.requirement("DGN-03", "DGN-04", "DGN-08")
@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_diagnostics_hold_what_the_station_did(
    api: httpx.AsyncClient, cp: SimulatedStation, protocol: str
) -> None:
    path = f"/charge-points/{cp.identity}/commands/ChangeConfiguration"
    await posted(api, path, key="HeartbeatInterval", value="77")
    done = await ended(api, await ordered(api, cp, "diagnostics", protocol=protocol))
    assert done["state"] == "done"
    assert said(done) == ["Uploading", "Uploaded"]
    (file,) = done["files"]
    assert file["name"] == done["file_name"]
    content = (await api.get(f"/files/{file['id']}/content")).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read("log.txt").decode().splitlines()
        station = archive.read("station.txt").decode()
    assert any(" > [2," in line and '"BootNotification"' in line for line in lines)
    assert any(" < [2," in line and '"GetDiagnostics"' in line for line in lines)
    assert any(" = connected to ws://" in line for line in lines)
    assert lines == sorted(lines, key=lambda line: line[:27])
    assert f"identity: {cp.identity}\n" in station
    assert "HeartbeatInterval: 77\n" in station
    assert "connector 2: Available, NoError\n" in station
    if protocol == FTP:
        order = next(line for line in lines if '"GetDiagnostics"' in line)
        assert ":***@" in order, "no password of a file server leaves the station"


@pytest.mark.requirement("LOG-01", "LOG-02", "LOG-04")
@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_security_log_holds_security_events_only(
    api: httpx.AsyncClient, cp: SimulatedStation, protocol: str
) -> None:
    made = await ordered(api, cp, "logs", log_type="SecurityLog", protocol=protocol)
    done = await ended(api, made)
    assert (done["state"], said(done)) == ("done", ["Uploading", "Uploaded"])
    (file,) = done["files"]
    lines = (await api.get(f"/files/{file['id']}/content")).text.splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["* StartupOfTheDevice"]


async def test_diagnostics_of_a_time_before_the_station_lived_name_no_file(
    api: httpx.AsyncClient, cp: SimulatedStation
) -> None:
    path = f"/charge-points/{cp.identity}/commands/GetDiagnostics"
    answer = await posted(api, path, location="ftp://127.0.0.1:1/", stopTime="2020-01-01T00:00:00Z")
    assert answer == {}


async def test_log_that_nobody_takes_is_told_to_have_failed(
    api: httpx.AsyncClient, cp: SimulatedStation
) -> None:
    made = await ordered(api, cp, "logs", location="http://127.0.0.1:1/up/", retries=1, retry_interval_s=0)
    failed = await ended(api, made)
    assert (failed["state"], failed["status"]) == ("failed", "UploadFailure")


# ---- loss of power


class _Stalling(BaseHTTPRequestHandler):
    """Sends the first half and then nothing, unless it is asked for a rest."""

    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(FIRMWARE) - start))
        self.end_headers()
        if wanted:
            self.wfile.write(FIRMWARE[start:])
        else:
            self.wfile.write(FIRMWARE[: len(FIRMWARE) // 2])
            with suppress(ConnectionError):
                self.rfile.read(1)  # until the station is gone

    def log_message(self, format: str, *args: object) -> None:
        """Not in a test."""


@pytest.fixture
def stalling() -> Iterator[str]:
    """Where it serves."""
    _Stalling.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stalling) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.requirement("FWU-14")
async def test_download_goes_on_after_a_loss_of_power_where_it_broke_off(
    api: httpx.AsyncClient, server: Serving, stalling: str
) -> None:
    async with simulated(server, storage=MemoryStorage()) as cp:
        await cp.until(lambda view: view.online)
        made = await ordered(api, cp, "firmware-updates", location=f"{stalling}/fw-5.1.bin", retries=3)
        await cp.until(lambda view: any(one.done_bytes > 100_000 for one in view.transfers))
        cp.perform(LosePower(0.05))
        await installed(api, made)
        assert cp.view().firmware_version == "5.1"
    first, second = _Stalling.asked
    assert first is None
    rest = int(str(second).removeprefix("bytes=").removesuffix("-"))
    assert 100_000 < rest <= len(FIRMWARE) // 2


async def test_installed_firmware_outlives_the_process(
    api: httpx.AsyncClient, server: Serving, tmp_path: Path
) -> None:
    storage = FolderStorage(tmp_path / "cp")
    try:
        async with simulated(server, storage=storage) as cp:
            await cp.until(lambda view: view.online)
            file_id = await stored(api, "fw-4.2.bin")
            await installed(api, await ordered(api, cp, "firmware-updates", file_id=file_id))
        again = SimulatedStation(server.ocpp, cp.identity, cp.options, client=HASTE, storage=storage)
        async with again:
            await again.until(lambda view: view.online)
            assert again.view().firmware_version == "4.2"
    finally:
        storage.close()


# ---- vendors' data


@pytest.mark.requirement("DTR-05", "DTR-06", "DTR-07")
async def test_vendors_data_goes_both_ways(api: httpx.AsyncClient, server: Serving) -> None:
    notices = Notices()
    async with simulated(server, listener=notices) as cp:
        await cp.until(lambda view: view.online)
        path = f"/charge-points/{cp.identity}/commands/DataTransfer"
        unknown = await posted(api, path, vendorId="com.example")
        assert unknown == {"status": "UnknownVendorId"}
        cp.perform(AnswerData("com.example", "Price", DataTransferStatus.REJECTED, "0.42"))
        answer = await posted(api, path, vendorId="com.example", messageId="price", data="?")
        assert answer == {"status": "Rejected", "data": "0.42"}
        cp.perform(SendData("com.example.nobody", "Hello", "there"))
        wanted = "data for com.example.nobody (Hello): UnknownVendorId"
        await cp.until(lambda _: wanted in notices.texts, what=wanted)


# ---- as a process


async def test_process_shows_how_far_the_download_is(
    api: httpx.AsyncClient, server: Serving, start: Start
) -> None:
    ran = await start(server.ocpp, "--id", "PROCESS", stdin=asyncio.subprocess.PIPE)
    assert ran.stdin is not None
    async with asyncio.timeout(20):
        while not (await api.get("/charge-points/PROCESS")).json().get("online"):
            await asyncio.sleep(0.05)
    file_id = await stored(api, "fw-9.9.bin")
    await installed(api, await ordered(api, "PROCESS", "firmware-updates", file_id=file_id))
    ran.stdin.write(b"quit\n")
    text = await output(ran)
    assert "firmware: [####################] 100 %, 1024 of 1024 kB" in text
    assert "firmware: 9.9 is installed, rebooting" in text
    assert "-> FirmwareStatusNotification status=Installed" in text
