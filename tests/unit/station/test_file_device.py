"""The device's side of files: the logbook, images, and transfers that can be broken off."""

import asyncio
import threading
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.station.station_lab import START
from tests.unit.transport.small_ftp import SmallFtp, small_ftp

from voltline.messages import LogType
from voltline.station.core.happenings import (
    Happening,
    InstallationEnded,
    TransferEnded,
    TransferProgressed,
    TransferResult,
)
from voltline.station.core.intents import CancelTransfer, Download, Install, Matter, Notice, Upload
from voltline.station.device import transfers
from voltline.station.device.logbook import Logbook, discreet, write_archive, write_log
from voltline.station.device.transfers import BadImage, FileTransfers, NoFiles
from voltline.station.simulator.firmware_image import SimulatedInstaller

IMAGE = bytes(range(256)) * 1000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def logbook() -> Logbook:
    book = Logbook(5, Clock())
    book.linked(True, "ws://here/CP1")
    book.framed(True, '[2,"1","Heartbeat",{}]')
    book.noticed(Notice(Matter.SECURITY, "StartupOfTheDevice"))
    return book


# ---- the logbook


def test_entries_are_kept_in_order_and_the_oldest_are_forgotten(logbook: Logbook):
    for number in range(4):
        logbook.framed(False, f"[3,{number},{{}}]")
    kept = logbook.entries(LogType.DIAGNOSTICS_LOG, None, None)
    assert [one.text for one in kept] == [
        "security: StartupOfTheDevice",
        *(f"[3,{number},{{}}]" for number in range(4)),
    ]
    assert [one.text for one in logbook.entries(LogType.SECURITY_LOG, None, None)] == ["StartupOfTheDevice"]


@pytest.mark.parametrize(
    ("since_s", "until_s", "marks"),
    [(None, None, "=>*"), (2, None, ">*"), (None, 2, "=>"), (2, 2, ">"), (4, None, ""), (None, 0, "")],
)
def test_entries_of_a_time_include_both_ends(
    logbook: Logbook, since_s: int | None, until_s: int | None, marks: str
):
    since = None if since_s is None else START + timedelta(seconds=since_s)
    until = None if until_s is None else START + timedelta(seconds=until_s)
    found = logbook.entries(LogType.DIAGNOSTICS_LOG, since, until)
    assert "".join(one.mark for one in found) == marks
    assert logbook.has_entries(LogType.DIAGNOSTICS_LOG, since, until) is bool(marks)


def test_log_and_archive_can_be_read_by_people(logbook: Logbook, tmp_path: Path):
    entries = logbook.entries(LogType.DIAGNOSTICS_LOG, None, None)
    write_log(entries, tmp_path / "log")
    assert (tmp_path / "log").read_text() == (
        "2026-03-01T08:00:01.000000Z = connected to ws://here/CP1\n"
        '2026-03-01T08:00:02.000000Z > [2,"1","Heartbeat",{}]\n'
        "2026-03-01T08:00:03.000000Z * security: StartupOfTheDevice\n"
    )
    write_archive(entries, {"identity": "CP1"}, tmp_path / "zip")
    with zipfile.ZipFile(tmp_path / "zip") as archive:
        assert archive.read("log.txt").decode() == (tmp_path / "log").read_text()
        assert archive.read("station.txt").decode() == "identity: CP1\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"location":"ftp://u:s3cret@h/x"}', '{"location":"ftp://u:***@h/x"}'),
        ("two\nlines", "two lines"),
        (
            '{"key":"AuthorizationKey","value":"00\\"11"}',
            '{"key":"AuthorizationKey","value":"***"}',
        ),
        (
            '{"key":"authorizationkey", "value" : "0011"}',
            '{"key":"authorizationkey", "value" : "***"}',
        ),
        ('{"value":"0011","key":"AuthorizationKey"}', '{"value":"***","key":"AuthorizationKey"}'),
        ('{"key":"HeartbeatInterval","value":"60"}', '{"key":"HeartbeatInterval","value":"60"}'),
    ],
)
def test_secrets_do_not_leave_with_the_log(text: str, shown: str):
    assert discreet(text) == shown


# ---- images


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("ftp://u:p@h/fw-2.0.bin", "2.0"),
        ("http://h/1.0/AC_MAX_01.26.40.zip?x=9.9", "01.26.40"),
        ("http://h/fw_3.1.4-rc1.tar.gz", "3.1.4-rc1"),
    ],
)
def test_version_of_a_simulated_image_is_in_its_name(tmp_path: Path, name: str, version: str):
    (tmp_path / "firmware.image").write_bytes(IMAGE)
    (tmp_path / "firmware.origin").write_text(name)
    installer = SimulatedInstaller(0)
    assert installer.install(tmp_path / "firmware.image", threading.Event()) == version


def test_image_without_a_version_in_its_name_is_known_by_its_content(tmp_path: Path):
    (tmp_path / "firmware.image").write_bytes(IMAGE)
    (tmp_path / "firmware.origin").write_text("http://h/fw.bin")
    version = SimulatedInstaller(0).install(tmp_path / "firmware.image", threading.Event())
    assert len(version) == 12
    assert int(version, 16)


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"\n<html>", "web page"), (b"BROKEN...", "broken")]
)
def test_what_is_no_firmware_is_refused(tmp_path: Path, content: bytes, why: str):
    (tmp_path / "firmware.image").write_bytes(content)
    with pytest.raises(BadImage, match=why):
        SimulatedInstaller(0).install(tmp_path / "firmware.image", threading.Event())


# ---- transfers in the event loop


@pytest.fixture
def ftp():
    with small_ftp() as server:
        server.files["fw-2.0.bin"] = IMAGE
        yield server


class Desk:
    """A place to work: the files, and what was reported."""

    def __init__(self, files: FileTransfers) -> None:
        self.files = files
        self.reported: list[Happening] = []
        self._news = asyncio.Event()

    def report(self, happening: Happening) -> None:
        self.reported.append(happening)
        self._news.set()

    async def end(self) -> Happening:
        """The next report that is no progress."""
        async with asyncio.timeout(20):
            while True:
                while self.reported:
                    happening = self.reported.pop(0)
                    if not isinstance(happening, TransferProgressed):
                        return happening
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def desk(logbook: Logbook, tmp_path: Path) -> AsyncIterator[Desk]:
    files = FileTransfers(logbook, SimulatedInstaller(0), folder=tmp_path / "files", timeout_s=5)
    yield Desk(files)
    files.close()


def location(server: SmallFtp, name: str = "fw-2.0.bin") -> str:
    return f"ftp://user:p%40ss@127.0.0.1:{server.port}/{name}"


def upload(server: SmallFtp, number: int = 1, resume: bool = False) -> Upload:
    folder = location(server, "up/")
    return Upload(number, folder, "s.log", LogType.SECURITY_LOG, None, None, resume)


async def test_firmware_is_fetched_and_installed(desk: Desk, ftp: SmallFtp):
    desk.files.perform(Download(1, location(ftp), False), desk.report)
    assert desk.reported == [], "never from within the call"
    assert await desk.end() == TransferEnded(1, TransferResult.DONE)
    desk.files.perform(Install(), desk.report)
    assert await desk.end() == InstallationEnded("2.0")


async def test_only_the_rest_of_the_same_firmware_is_fetched(desk: Desk, ftp: SmallFtp):
    ftp.break_after = 100_000
    desk.files.perform(Download(1, location(ftp), False), desk.report)
    assert (await desk.end()).result is TransferResult.FAILED
    desk.files.perform(Download(2, location(ftp), True), desk.report)
    assert await desk.end() == TransferEnded(2, TransferResult.DONE)
    assert any(command.startswith("REST") for command in ftp.commands)
    ftp.commands.clear()
    ftp.files["other.bin"] = IMAGE * 2
    desk.files.perform(Download(3, location(ftp, "other.bin"), True), desk.report)
    assert await desk.end() == TransferEnded(3, TransferResult.DONE)
    assert not any(command.startswith("REST") for command in ftp.commands)


async def test_installation_without_a_fetched_file_has_a_problem(desk: Desk):
    desk.files.perform(Install(), desk.report)
    assert await desk.end() == InstallationEnded(problem="the fetched file is gone")


class FaultyInstaller:
    def install(self, image: Path, cancelled: threading.Event) -> str:
        raise ValueError("no such slot")


async def test_fault_of_an_installer_ends_the_installation(logbook: Logbook, ftp: SmallFtp, tmp_path: Path):
    desk = Desk(FileTransfers(logbook, FaultyInstaller(), folder=tmp_path / "files"))
    desk.files.perform(Download(1, location(ftp), False), desk.report)
    await desk.end()
    desk.files.perform(Install(), desk.report)
    assert await desk.end() == InstallationEnded(problem="a fault of the station: no such slot")


async def test_fault_within_a_transfer_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def faulty(*_: object, **__: object) -> None:
        raise ValueError("no such slot")

    monkeypatch.setattr(transfers, "fetch", faulty)
    desk.files.perform(Download(1, "ftp://h/x", False), desk.report)
    assert await desk.end() == TransferEnded(1, TransferResult.FAILED, "a fault of the station: no such slot")


async def test_log_is_brought_as_it_was_when_it_was_asked_for(desk: Desk, ftp: SmallFtp, logbook: Logbook):
    desk.files.perform(upload(ftp), desk.report)
    logbook.noticed(Notice(Matter.SECURITY, "too late"))
    assert await desk.end() == TransferEnded(1, TransferResult.DONE)
    assert ftp.files["up/s.log"].decode().splitlines() == ["2026-03-01T08:00:04.000000Z * StartupOfTheDevice"]


async def test_next_attempt_brings_the_same_file_from_where_it_broke_off(
    desk: Desk, ftp: SmallFtp, logbook: Logbook
):
    ftp.break_after = 10
    desk.files.perform(upload(ftp), desk.report)
    assert (await desk.end()).result is TransferResult.FAILED
    logbook.noticed(Notice(Matter.SECURITY, "too late"))
    desk.files.perform(upload(ftp, 2, resume=True), desk.report)
    assert await desk.end() == TransferEnded(2, TransferResult.DONE)
    assert "REST 10" in ftp.commands
    assert ftp.files["up/s.log"].endswith(b"StartupOfTheDevice\n")


async def test_refusal_of_the_server_is_reported_by_its_kind(desk: Desk, ftp: SmallFtp):
    ftp.refuse["STOR"] = "553 not here"
    desk.files.perform(upload(ftp), desk.report)
    ended = await desk.end()
    assert (ended.result, ended.text) == (TransferResult.DENIED, "127.0.0.1 says 553 not here")


@pytest.mark.parametrize("how", ["cancel", "stop"])
async def test_what_is_broken_off_reports_nothing_more(desk: Desk, how: str):
    async with asyncio.timeout(20):
        came, gone = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(500_000))
            await gone.wait()
            writer.write(bytes(400_000))
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            desk.files.perform(Download(1, f"http://127.0.0.1:{port}/fw.bin", False), desk.report)
            await came.wait()
            if how == "cancel":
                desk.files.perform(CancelTransfer(1), desk.report)
            else:
                desk.files.stop()
            desk.reported.clear()
            gone.set()
            desk.files.perform(Download(2, "sftp://nowhere/fw.bin", False), desk.report)
            assert (await desk.end()).number == 2
    assert desk.reported == []


async def test_temporary_files_are_removed(logbook: Logbook, ftp: SmallFtp):
    desk = Desk(FileTransfers(logbook, SimulatedInstaller(0)))
    desk.files.perform(Download(1, location(ftp), False), desk.report)
    await desk.end()
    folder = desk.files._folder
    assert (folder / "firmware.image").exists()
    desk.files.close()
    assert not folder.exists()


async def test_station_without_files_says_so(ftp: SmallFtp):
    reported: list[Happening] = []
    files = NoFiles()
    for intent in (Download(1, "ftp://h/x", False), upload(ftp, 2), Install(), CancelTransfer(1)):
        files.perform(intent, reported.append)
    await asyncio.sleep(0)
    assert [type(one).__name__ for one in reported] == ["TransferEnded", "TransferEnded", "InstallationEnded"]
    assert all(one.result is TransferResult.NOT_SUPPORTED for one in reported[:2])
    assert reported[2].problem
