"""`voltline station --data`: what is told once stays told, whatever the process is killed with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.system.small_central import SmallCentral
from tests.system.test_station_process import Start, output, start

from voltline.messages import (
    BootNotification,
    GetConfiguration,
    MeterValues,
    StartTransaction,
    StopTransaction,
)

__all__ = ["start"]


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


@pytest.fixture
async def run(central: SmallCentral, start: Start, tmp_path: Path) -> Callable[..., Awaitable[object]]:
    async def run(*arguments: str) -> asyncio.subprocess.Process:
        data = ("--data", str(tmp_path), "--set", "MeterValueSampleInterval=1")
        return await start(central.url, *data, *arguments, stdin=asyncio.subprocess.PIPE)

    return run


def queue_files(folder: Path) -> Iterator[bytes]:
    """What those hold that are there. The station may replace one while it is looked for."""
    for path in folder.glob("queue.*.json"):
        with suppress(FileNotFoundError):
            yield path.read_bytes()


def told_wh(central: SmallCentral) -> list[int]:
    """Every register reading of connector 1, in the order in which it was told."""
    told: list[int] = []
    for _, request in central.requests:
        match request:
            case StartTransaction():
                told.append(request.meter_start)
            case MeterValues():
                told.append(int(request.meter_value[0].sampled_value[0].value))
            case StopTransaction():
                told.append(request.meter_stop)
    return told


@pytest.mark.requirement("TXE-27", "MTV-26", "MTV-27", "RST-06", "GEN-09")
async def test_killed_station_ends_its_transaction_and_its_register_never_falls(central: SmallCentral, run):
    ran = await run("--set", "BlinkRepeat=7")
    for round_ in range(1, 3):
        await central.until(lambda: central.statuses() and central.statuses()[-1] == "Available")
        ran.stdin.write(b"start\n")
        await central.heard(MeterValues, 3 * round_)
        ran.kill()
        await ran.wait()
        ran = await run()
        stop = await central.heard(StopTransaction, round_)
        assert stop.reason == "PowerLoss"
        assert stop.transaction_id == central.of(MeterValues)[-1].transaction_id
    assert told_wh(central) == sorted(told_wh(central))
    assert told_wh(central)[-1] > told_wh(central)[0]
    (key,) = (await central.ask(GetConfiguration(key=["BlinkRepeat"]))).configuration_key
    assert key.value == "7"


@pytest.mark.requirement("QUE-01", "QUE-02", "OFF-04")
async def test_queue_of_a_killed_station_is_delivered_once_and_in_order(
    central: SmallCentral, run, tmp_path: Path
):
    ran = await run()
    await central.until(lambda: central.statuses() == ["Available"])
    ran.stdin.write(b"start\n")
    await central.heard(MeterValues)
    await central.vanish()
    ran.stdin.write(b"stop\nunplug\nstart\n")
    async with asyncio.timeout(20):
        while not any(b"StartTransaction" in one for one in queue_files(tmp_path / "CP1")):
            await asyncio.sleep(0.05)
    ran.kill()
    await ran.wait()
    await central.come_back()
    await run()
    await central.heard(StopTransaction, 2)
    assert len(central.of(BootNotification)) == 2
    assert len(central.of(StartTransaction)) == 2
    first, second = central.of(StopTransaction)
    assert (first.transaction_id, second.transaction_id) == (101, 102)
    assert (first.reason, second.reason) == ("Local", "PowerLoss")
    readings = [one.meter_value[0].timestamp for one in central.of(MeterValues)]
    assert len(set(readings)) == len(readings)
    assert told_wh(central) == sorted(told_wh(central))


async def test_one_folder_serves_one_station_of_an_identity(central: SmallCentral, run):
    await run()
    await central.until(lambda: central.statuses() == ["Available"])
    second = await run()
    text = await output(second)
    assert second.returncode == 2
    assert "another station is using" in text.replace("\n", " ")
    assert "Traceback" not in text
    await run("--id", "CP2")
    await central.until(lambda: bool(central.of(BootNotification, "CP2")))


async def test_folder_that_cannot_be_used_is_named(central: SmallCentral, start: Start, tmp_path: Path):
    (tmp_path / "CP1").write_text("a file, not a folder")
    ran = await start(central.url, "--data", str(tmp_path))
    text = await output(ran)
    assert ran.returncode == 2
    assert "--data cannot be used" in text
    assert "Traceback" not in text
