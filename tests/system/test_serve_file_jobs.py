"""Firmware updates, diagnostics and logs, from the API to the station's transfer and back."""

import asyncio
import ftplib
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

FIRMWARE = bytes(range(256)) * 1000
FTP, HTTP = "ftp", "http"
_numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "procedures.settle_s=0", "--set", "files.max_file_bytes=1000000")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as client:
        yield client


@pytest.fixture
async def cp(server: Serving) -> AsyncIterator[RawStation]:
    identity = f"CP{next(_numbers)}"
    async with station(server.ocpp, identity) as visitor:
        visitor.identity = identity  # type: ignore[attr-defined]
        visitor.answers["UpdateFirmware"] = {}
        visitor.answers["SignedUpdateFirmware"] = {"status": "Accepted"}
        visitor.answers["GetDiagnostics"] = {"fileName": "diagnostics.zip"}
        visitor.answers["GetLog"] = {"status": "Accepted", "filename": "security.log"}
        visitor.answers["GetConfiguration"] = {"configurationKey": []}
        visitor.answers["TriggerMessage"] = {"status": "Accepted"}
        await visitor.boot()
        yield visitor


async def ordered(api: httpx.AsyncClient, cp: RawStation, what: str, **body: Any) -> dict[str, Any]:
    """A job, by the API."""
    response = await api.post(f"/charge-points/{cp.identity}/{what}", json=body)  # type: ignore[attr-defined]
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/api/v1/file-jobs/{response.json()['id']}"
    return dict(response.json())


async def command(cp: RawStation, action: str, count: int = 1) -> dict[str, Any]:
    """Wait until the charge point has been sent a command so many times; the last one."""

    def sent() -> list[Any]:
        return [payload for name, payload in cp.received if name == action]

    async with asyncio.timeout(20):
        while len(sent()) < count:
            await asyncio.sleep(0.02)
    return dict(sent()[-1])


async def job(
    api: httpx.AsyncClient, number: int, until: Callable[[dict[str, Any]], bool] = bool
) -> dict[str, Any]:
    """The job, once this holds of it."""
    async with asyncio.timeout(20):
        while True:
            found = (await api.get(f"/file-jobs/{number}")).json()
            if until(found):
                return dict(found)
            await asyncio.sleep(0.02)


def state(wanted: str) -> Callable[[dict[str, Any]], bool]:
    return lambda job: bool(job["state"] == wanted)


async def firmware(api: httpx.AsyncClient, name: str = "fw-2.0.bin") -> dict[str, Any]:
    response = await api.post("/files", params={"name": name}, content=FIRMWARE)
    assert response.status_code == 201, response.text
    return dict(response.json())


def ftp_of(location: str) -> tuple[ftplib.FTP, str]:
    """Logged in where the address says, and the path in it."""
    url = urlsplit(location)
    client = ftplib.FTP()
    client.connect(str(url.hostname), int(url.port or 21), timeout=20)
    try:
        client.login(str(url.username), str(url.password))
        client.voidcmd("TYPE I")
    except BaseException:
        client.close()
        raise
    return client, url.path.lstrip("/")


async def told(cp: RawStation, action: str, **payload: Any) -> None:
    assert await cp.call(action, payload) == {}


@pytest.mark.requirement("FWU-01", "FWU-12", "FWU-13")
@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_firmware_is_fetched_and_installed(
    api: httpx.AsyncClient, cp: RawStation, protocol: str
) -> None:
    file = await firmware(api)
    assert file["sha256"] == hashlib.sha256(FIRMWARE).hexdigest()
    assert file["size_bytes"] == len(FIRMWARE)
    number = (
        await ordered(
            api, cp, "firmware-updates", file_id=file["id"], protocol=protocol, retries=3, retry_interval_s=60
        )
    )["id"]
    asked = await command(cp, "UpdateFirmware")
    assert set(asked) == {"location", "retrieveDate", "retries", "retryInterval"}
    assert urlsplit(asked["location"]).scheme == protocol
    assert asked["location"].endswith("/fw-2.0.bin")
    await job(api, number, state("accepted"))
    await told(cp, "FirmwareStatusNotification", status="Downloading")
    assert await fetched(asked["location"]) == FIRMWARE
    for status in ("Downloaded", "Installing", "Installed"):
        await told(cp, "FirmwareStatusNotification", status=status)
    done = await job(api, number, state("done"))
    assert done["status"] == "Installed"
    assert done["ended_at"]
    said = [step["status"] for step in done["history"] if step["source"] == "charge-point"]
    assert said == [None, "Downloading", "Downloaded", "Installing", "Installed"]
    served = [step["detail"] for step in done["history"] if step["source"] == "file-server"]
    assert served == [f"the file was fetched by {protocol.upper()}"]
    password = urlsplit(asked["location"]).password or urlsplit(asked["location"]).path.split("/")[1]
    assert password.rpartition("-")[2] not in str(done)


async def fetched(location: str) -> bytes:
    if location.startswith("http"):
        async with httpx.AsyncClient() as client:
            response = await client.get(location)
        assert response.status_code == 200
        return response.content

    def by_ftp() -> bytes:
        client, name = ftp_of(location)
        with client:
            received = io.BytesIO()
            client.retrbinary(f"RETR {name}", received.write)
        return received.getvalue()

    return await asyncio.to_thread(by_ftp)


@pytest.mark.requirement("FWU-14")
@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_an_interrupted_download_is_resumed(
    api: httpx.AsyncClient, cp: RawStation, protocol: str
) -> None:
    file = await firmware(api)
    await ordered(api, cp, "firmware-updates", file_id=file["id"], protocol=protocol)
    location = (await command(cp, "UpdateFirmware"))["location"]
    if protocol == HTTP:
        async with httpx.AsyncClient() as client:
            first = await client.get(location, headers={"Range": "bytes=0-99999"})
            assert (first.status_code, len(first.content)) == (206, 100_000)
            rest = await client.get(location, headers={"Range": "bytes=100000-"})
        assert first.content + rest.content == FIRMWARE
        return

    def by_ftp() -> bytes:
        client, name = ftp_of(location)
        with client:
            assert client.size(name) == len(FIRMWARE)
            received = io.BytesIO()
            client.retrbinary(f"RETR {name}", received.write, rest=100_000)
        return received.getvalue()

    assert await asyncio.to_thread(by_ftp) == FIRMWARE[100_000:]


@pytest.mark.requirement("DGN-01", "DGN-06", "DGN-08")
async def test_diagnostics_by_ftp_are_attached_to_their_job(api: httpx.AsyncClient, cp: RawStation) -> None:
    number = (
        await ordered(
            api,
            cp,
            "diagnostics",
            protocol=FTP,
            since="2026-01-01T00:00:00Z",
            until="2026-01-02T00:00:00Z",
            retries=1,
            retry_interval_s=5,
        )
    )["id"]
    asked = await command(cp, "GetDiagnostics")
    assert asked["startTime"] == "2026-01-01T00:00:00Z"
    assert asked["stopTime"] == "2026-01-02T00:00:00Z"
    assert (asked["retries"], asked["retryInterval"]) == (1, 5)
    assert asked["location"].endswith("/")
    await told(cp, "DiagnosticsStatusNotification", status="Uploading")

    def bring() -> None:
        client, _ = ftp_of(asked["location"])
        with client:
            client.storbinary("STOR diagnostics.zip", io.BytesIO(b"first half"))
            client.storbinary("APPE diagnostics.zip", io.BytesIO(b", second half"))

    await asyncio.to_thread(bring)
    await told(cp, "DiagnosticsStatusNotification", status="Uploaded")
    done = await job(api, number, state("done"))
    (file,) = done["files"]
    assert (file["name"], file["purpose"], file["job_id"]) == ("diagnostics.zip", "upload", number)
    assert file["charge_point"] == cp.identity  # type: ignore[attr-defined]
    content = await api.get(f"/files/{file['id']}/content")
    assert content.content == b"first half, second half"
    assert file["sha256"] == hashlib.sha256(content.content).hexdigest()
    assert content.headers["content-disposition"].startswith("attachment")


@pytest.mark.requirement("DGN-08")
async def test_an_upload_by_ftp_goes_on_where_it_broke_off(api: httpx.AsyncClient, cp: RawStation) -> None:
    number = (await ordered(api, cp, "diagnostics", protocol=FTP))["id"]
    asked = await command(cp, "GetDiagnostics")

    def bring() -> None:
        client, _ = ftp_of(asked["location"])
        with client:
            client.storbinary("STOR d.log", io.BytesIO(b"0123456789"))
            client.storbinary("STOR d.log", io.BytesIO(b"56789abc"), rest=5)

    await asyncio.to_thread(bring)
    (file,) = (await job(api, number, lambda job: bool(job["files"])))["files"]
    assert (await api.get(f"/files/{file['id']}/content")).content == b"0123456789abc"
    assert file["sha256"] == hashlib.sha256(b"0123456789abc").hexdigest()


@pytest.mark.parametrize("way", ["put", "post", "form"])
async def test_log_by_http_is_attached_to_its_job(api: httpx.AsyncClient, cp: RawStation, way: str) -> None:
    number = (await ordered(api, cp, "logs", log_type="SecurityLog", protocol=HTTP))["id"]
    asked = await command(cp, "GetLog")
    assert asked["logType"] == "SecurityLog"
    await job(api, number, state("accepted"))
    request_id = asked["requestId"]
    await told(cp, "LogStatusNotification", status="Uploading", requestId=request_id)
    location = asked["log"]["remoteLocation"]
    async with httpx.AsyncClient() as client:
        if way == "put":
            response = await client.put(f"{location}security.log", content=b"the log")
        elif way == "post":
            response = await client.post(f"{location}security.log", content=b"the log")
        else:
            response = await client.post(location, files={"file": ("security.log", b"the log")})
    assert response.status_code == 201, response.text
    assert response.json()["sha256"] == hashlib.sha256(b"the log").hexdigest()
    await told(cp, "LogStatusNotification", status="Uploaded", requestId=request_id)
    done = await job(api, number, state("done"))
    assert [file["name"] for file in done["files"]] == ["security.log"]
    assert done["file_name"] == "security.log"


async def test_an_address_is_closed_when_its_job_has_ended(api: httpx.AsyncClient, cp: RawStation) -> None:
    number = (await ordered(api, cp, "diagnostics", protocol=HTTP))["id"]
    location = (await command(cp, "GetDiagnostics"))["location"]
    ftp_number = (await ordered(api, cp, "logs", protocol=FTP))["id"]
    ftp_location = (await command(cp, "GetLog"))["log"]["remoteLocation"]
    for one in (number, ftp_number):
        cancelled = await api.post(f"/file-jobs/{one}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        assert (await api.post(f"/file-jobs/{one}/cancel")).status_code == 409
    async with httpx.AsyncClient() as client:
        assert (await client.put(f"{location}d.zip", content=b"x")).status_code == 404
    with pytest.raises(ftplib.error_perm, match="530"):
        await asyncio.to_thread(ftp_of, ftp_location)


async def test_an_address_serves_its_own_job_and_direction_only(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    await ordered(api, cp, "diagnostics", protocol=HTTP)
    upload = (await command(cp, "GetDiagnostics"))["location"]
    file = await firmware(api)
    await ordered(api, cp, "firmware-updates", file_id=file["id"], protocol=HTTP)
    download = (await command(cp, "UpdateFirmware"))["location"]
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{upload}diagnostics.zip")).status_code == 405
        assert (await client.put(download, content=b"x")).status_code == 405
        guessed = download.replace(download.split("/")[3], "aaaaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbb")
        assert (await client.get(guessed)).status_code == 404
        assert (await client.get(download.rsplit("/", 2)[0] + "/")).status_code == 404


HOSTILE = [
    "../../../etc/passwd",
    "..%2f..%2f..%2fvoltline.db",
    "%00x",
    "a/../../b.log",
    "....//b.log",
    "C:\\x.log",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_name_leaves_the_folder_of_the_job(
    server: Serving, api: httpx.AsyncClient, cp: RawStation, name: str
) -> None:
    before = {path for path in server.data.parent.rglob("*") if path.is_file()}
    number = (await ordered(api, cp, "diagnostics", protocol=HTTP))["id"]
    location = (await command(cp, "GetDiagnostics"))["location"]
    path = urlsplit(location)
    reader, writer = await asyncio.open_connection(path.hostname, path.port)
    request = f"PUT {path.path}{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    writer.write(request.encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    assert status in (201, 400, 404, 415)
    new = {path for path in server.data.parent.rglob("*") if path.is_file()} - before
    uploads = server.data / "files" / "uploads"
    assert all(uploads in path.parents for path in new if "files" in path.parts), new
    await api.post(f"/file-jobs/{number}/cancel")


@pytest.mark.parametrize("name", ["../../up.log", "/etc/cron.d/up.log", "a/b/c/up.log", "..\\up.log"])
async def test_no_path_of_ftp_leaves_the_folder_of_the_job(
    server: Serving, api: httpx.AsyncClient, cp: RawStation, name: str
) -> None:
    number = (await ordered(api, cp, "diagnostics", protocol=FTP))["id"]
    location = (await command(cp, "GetDiagnostics"))["location"]

    def bring() -> None:
        client, _ = ftp_of(location)
        with client:
            client.cwd("/any/folder")
            client.cwd("..")
            client.storbinary(f"STOR {name}", io.BytesIO(b"x"))
            with pytest.raises(ftplib.error_perm):
                client.retrbinary(f"RETR {name}", lambda _: None)
            for line in ("DELE up.log", "RNFR up.log", "SITE CHMOD 777 up.log", "RMD /"):
                with pytest.raises(ftplib.error_perm):
                    client.voidcmd(line)

    await asyncio.to_thread(bring)
    (file,) = (await job(api, number, lambda job: bool(job["files"])))["files"]
    found = list((server.data / "files" / "uploads").glob(f"*/{file['name']}"))
    assert found
    assert file["name"].endswith("up.log")
    assert not (server.data.parent / "up.log").exists()


@pytest.mark.parametrize("protocol", [FTP, HTTP])
async def test_too_large_and_unwanted_uploads_are_refused(
    api: httpx.AsyncClient, cp: RawStation, protocol: str
) -> None:
    number = (await ordered(api, cp, "diagnostics", protocol=protocol))["id"]
    location = (await command(cp, "GetDiagnostics"))["location"]
    large = b"x" * 1_500_000
    if protocol == HTTP:

        async def unannounced() -> AsyncIterator[bytes]:
            for start in range(0, len(large), 100_000):
                yield large[start : start + 100_000]

        async with httpx.AsyncClient() as client:
            assert (await client.put(f"{location}d.zip", content=large)).status_code == 413
            assert (await client.put(f"{location}d.zip", content=unannounced())).status_code == 413
            assert (await client.put(f"{location}d.html", content=b"x")).status_code == 415
    else:

        def bring() -> None:
            client, _ = ftp_of(location)
            with client:
                with pytest.raises((ftplib.error_perm, ConnectionError)) as refused:
                    client.storbinary("STOR d.zip", io.BytesIO(large))
                if isinstance(refused.value, ftplib.error_perm):
                    assert str(refused.value).startswith("552")
            client, _ = ftp_of(location)
            with client, pytest.raises(ftplib.error_perm, match="550"):
                client.storbinary("STOR d.html", io.BytesIO(b"x"))

        await asyncio.to_thread(bring)
    assert (await job(api, number))["files"] == []


async def test_firmware_that_is_too_large_is_refused_and_leaves_nothing(
    server: Serving, api: httpx.AsyncClient
) -> None:
    folder = server.data / "files" / "firmware"
    before = set(folder.rglob("*"))
    refused = await api.post("/files", params={"name": "large.bin"}, content=b"x" * 1_500_000)
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:voltline:problem:file-too-large")
    assert set(folder.rglob("*")) == before


async def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    flags = ("--set", "files.min_free_bytes=1000000000000000", "--set", "procedures.settle_s=0")
    with serving(tmp_path / "data", *flags) as full:
        async with (
            httpx.AsyncClient(base_url=f"{full.http}/api/v1") as api,
            station(full.ocpp, "FULL") as cp,
        ):
            cp.identity = "FULL"  # type: ignore[attr-defined]
            cp.answers["GetDiagnostics"] = {"fileName": "d.zip"}
            cp.answers["GetLog"] = {"status": "Accepted"}
            cp.answers["GetConfiguration"] = {"configurationKey": []}
            cp.answers["TriggerMessage"] = {"status": "NotImplemented"}
            await cp.boot()
            refused = await api.post("/files", params={"name": "fw.bin"}, content=b"x")
            assert (refused.status_code, refused.json()["type"]) == (507, "urn:voltline:problem:disk-full")
            await ordered(api, cp, "diagnostics", protocol=HTTP)
            location = (await command(cp, "GetDiagnostics"))["location"]
            async with httpx.AsyncClient() as client:
                assert (await client.put(f"{location}d.zip", content=b"x")).status_code == 507
            await ordered(api, cp, "logs", protocol=FTP)
            location = (await command(cp, "GetLog"))["log"]["remoteLocation"]

            def bring() -> None:
                client, _ = ftp_of(location)
                with client:
                    client.storbinary("STOR d.zip", io.BytesIO(b"x"))

            with pytest.raises(ftplib.error_temp, match="452"):
                await asyncio.to_thread(bring)


async def test_a_command_waits_for_the_charge_point_also_over_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, "--set", "procedures.settle_s=0") as first:
        async with httpx.AsyncClient(base_url=f"{first.http}/api/v1") as api:
            assert (await api.post("/charge-points", json={"identity": "AWAY"})).status_code == 201
            response = await api.post("/charge-points/AWAY/diagnostics", json={})
            assert response.json()["state"] == "waiting"
            assert "not connected" in response.json()["warnings"][0]
    with serving(data, "--set", "procedures.settle_s=0") as second:
        async with station(second.ocpp, "AWAY") as cp:
            cp.answers["GetDiagnostics"] = {"fileName": "d.zip"}
            await cp.boot()
            await command(cp, "GetDiagnostics")


async def test_a_command_that_was_not_answered_is_sent_again_on_the_next_connection(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "DROPS") as cp:
        cp.identity = "DROPS"  # type: ignore[attr-defined]
        await cp.boot()
        number = (await ordered(api, cp, "diagnostics"))["id"]
        first = await command(cp, "GetDiagnostics")
    await job(api, number, state("waiting"))
    async with station(server.ocpp, "DROPS") as cp:
        cp.answers["GetDiagnostics"] = {"fileName": "d.zip"}
        await cp.boot()
        second = await command(cp, "GetDiagnostics")
    accepted = await job(api, number, state("accepted"))
    assert accepted["attempt"] == 1
    assert first["location"] != second["location"]


async def test_a_failed_download_is_ordered_again_as_often_as_asked(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    number = (
        await ordered(
            api, cp, "firmware-updates", location="ftp://host/fw.bin", attempts=2, attempt_interval_s=1
        )
    )["id"]
    await command(cp, "UpdateFirmware")
    await job(api, number, state("accepted"))
    await told(cp, "FirmwareStatusNotification", status="DownloadFailed")
    waiting = await job(api, number)
    assert (waiting["state"], waiting["attempt"]) == ("waiting", 2)
    assert waiting["next_attempt_at"]
    again = await command(cp, "UpdateFirmware", count=2)
    assert again["location"] == "ftp://host/fw.bin"
    await job(api, number, state("accepted"))
    await told(cp, "FirmwareStatusNotification", status="DownloadFailed")
    failed = await job(api, number, state("failed"))
    assert failed["reason"] == "the charge point says DownloadFailed"


async def test_a_charge_point_that_cannot_do_it_ends_the_job(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["UpdateFirmware"] = ["NotSupported", "only signed ones", {}]
    number = (await ordered(api, cp, "firmware-updates", location="ftp://host/fw.bin", attempts=5))["id"]
    failed = await job(api, number, state("failed"))
    assert failed["reason"] == "NotSupported: only signed ones"
    assert failed["attempt"] == 1


@pytest.mark.requirement("SFW-01")
async def test_signed_update_has_certificate_signature_and_request_id(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    file = await firmware(api)
    number = (
        await ordered(
            api,
            cp,
            "firmware-updates",
            file_id=file["id"],
            signing_certificate="PEM",
            signature="c2ln",
            install_at="2030-01-01T00:00:00Z",
        )
    )["id"]
    asked = await command(cp, "SignedUpdateFirmware")
    assert asked["firmware"]["signingCertificate"] == "PEM"
    assert asked["firmware"]["signature"] == "c2ln"
    assert asked["firmware"]["installDateTime"] == "2030-01-01T00:00:00Z"
    accepted = await job(api, number, state("accepted"))
    assert accepted["request_id"] == asked["requestId"]
    action = "SignedFirmwareStatusNotification"
    for status in ("Downloading", "Downloaded", "SignatureVerified", "InstallScheduled"):
        await told(cp, action, status=status, requestId=asked["requestId"])
    assert (await job(api, number))["status"] == "InstallScheduled"
    await told(cp, action, status="Installed", requestId=asked["requestId"] + 1)
    assert (await job(api, number))["state"] == "under-way"
    await told(cp, action, status="Installed", requestId=asked["requestId"])
    await job(api, number, state("done"))


async def test_boot_with_the_new_firmware_ends_the_update_and_installed_may_follow(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    number = (await ordered(api, cp, "firmware-updates", location="ftp://host/fw", firmware_version="9.9"))[
        "id"
    ]
    await command(cp, "UpdateFirmware")
    await job(api, number, state("accepted"))
    await told(cp, "FirmwareStatusNotification", status="Downloading")
    boot = {"chargePointVendor": "Acme", "chargePointModel": "Mark 1", "firmwareVersion": "9.9"}
    await cp.call("BootNotification", boot)
    done = await job(api, number, state("done"))
    assert done["reason"] == "it booted with firmware 9.9"
    await told(cp, "FirmwareStatusNotification", status="Installed")
    assert (await job(api, number))["state"] == "done"


async def test_a_command_by_hand_is_followed_as_a_job(api: httpx.AsyncClient, cp: RawStation) -> None:
    identity = cp.identity  # type: ignore[attr-defined]
    asked = {"location": "ftp://user:secret@host/dir/", "retries": 1}
    await api.post(f"/charge-points/{identity}/commands/GetDiagnostics", json=asked)
    (found,) = (await api.get("/file-jobs", params={"charge_point": identity})).json()["items"]
    assert (found["kind"], found["state"]) == ("diagnostics", "accepted")
    assert found["location"] == "ftp://user:***@host/dir/"
    assert "secret" not in str(found)
    await told(cp, "DiagnosticsStatusNotification", status="Uploaded")
    await job(api, found["id"], state("done"))


async def test_a_file_that_a_job_needs_cannot_be_removed(api: httpx.AsyncClient, cp: RawStation) -> None:
    file = await firmware(api)
    number = (await ordered(api, cp, "firmware-updates", file_id=file["id"]))["id"]
    assert (await api.delete(f"/files/{file['id']}")).status_code == 409
    await api.post(f"/file-jobs/{number}/cancel")
    assert (await api.delete(f"/files/{file['id']}")).status_code == 204
    assert (await api.get(f"/files/{file['id']}")).status_code == 404
    assert (await api.get(f"/files/{file['id']}/content")).status_code == 404


async def test_everything_wrong_with_an_order_is_told(api: httpx.AsyncClient, cp: RawStation) -> None:
    identity = cp.identity  # type: ignore[attr-defined]
    body = {
        "signature": "x",
        "install_at": "2030-01-01T00:00:00Z",
        "protocol": "http",
        "location": "ftp://a/b",
        "file_id": 1,
    }
    response = await api.post(f"/charge-points/{identity}/firmware-updates", json=body)
    assert response.status_code == 422
    assert {fault["path"] for fault in response.json()["errors"]} == {
        "$.file_id",
        "$.protocol",
        "$.signing_certificate",
    }
    response = await api.post(f"/charge-points/{identity}/firmware-updates", json={"file_id": 99999})
    assert (response.status_code, response.json()["type"]) == (404, "urn:voltline:problem:unknown-file")


async def test_charge_point_is_given_a_protocol_that_it_knows(api: httpx.AsyncClient, cp: RawStation) -> None:
    identity = cp.identity  # type: ignore[attr-defined]
    cp.answers["GetConfiguration"] = {
        "configurationKey": [
            {"key": "SupportedFileTransferProtocols", "readonly": True, "value": "HTTP,HTTPS"}
        ]
    }
    await api.post(f"/charge-points/{identity}/commands/GetConfiguration", json={})
    assert (await ordered(api, cp, "diagnostics"))["warnings"] == []
    assert (await command(cp, "GetDiagnostics"))["location"].startswith("http://")
    warned = await ordered(api, cp, "diagnostics", protocol="ftp")
    assert "knows HTTP, HTTPS" in warned["warnings"][0]
