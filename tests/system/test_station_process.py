"""`voltline station` as a process: at a terminal, in a pipe, with nothing to read, told to stop."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator

import pytest
from tests.system.small_central import SmallCentral
from tests.system.station_processes import VOLTLINE, Start, output, station_processes

from voltline.messages import MeterValues, Reason, StartTransaction, StopTransaction


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with station_processes() as start:
        yield start


async def test_commands_in_a_pipe_make_a_session(central: SmallCentral, start: Start):
    ran = await start(central.url, "--set", "MeterValueSampleInterval=1", stdin=asyncio.subprocess.PIPE)
    assert ran.stdin is not None
    await central.until(lambda: central.statuses() == ["Available"])
    ran.stdin.write(b"start 04AABB 1\nnonsense\n")
    await central.heard(MeterValues)
    ran.stdin.write(b"status\nstop\nunplug\n")
    await central.until(lambda: central.statuses()[-1] == "Available" and len(central.statuses()) == 5)
    ran.stdin.write(b"quit\n")
    text = await output(ran)
    assert ran.returncode == 0
    assert central.of(StartTransaction)[0].id_tag == "04AABB"
    assert re.search(r"^\d\d:\d\d:\d\d -> StartTransaction .* \| .*transactionId=101 \(\d+ ms\)$", text, re.M)
    assert "no command is called 'nonsense'; 'help' lists them" in text
    assert re.search(r"^  connector 1  Charging +transaction 101 of 04AABB", text, re.M)
    assert text.endswith("CP1 is off\n")
    assert "\x1b" not in text


async def test_without_input_it_goes_on_until_sigterm_and_ends_its_transactions(
    central: SmallCentral, start: Start
):
    ran = await start(central.url, "--auto", "--tag", "A", "--tag", "B", "--stay", "1000", "--seed", "3")
    await central.heard(StartTransaction)
    ran.send_signal(signal.SIGTERM)
    await output(ran)
    assert ran.returncode == 0
    assert central.of(StopTransaction)[0].reason == Reason.REBOOT
    assert central.of(StartTransaction)[0].id_tag in ("A", "B")


async def test_closed_input_is_no_end(central: SmallCentral, start: Start):
    ran = await start(central.url, program=("sh", "-c", 'exec "$0" station "$1" <&-', str(VOLTLINE)))
    await central.until(lambda: central.statuses() == ["Available"])
    ran.send_signal(signal.SIGINT)
    text = await output(ran)
    assert ran.returncode == 0
    assert text.endswith("CP1 is off\n")


async def test_central_system_that_is_not_there_is_reported_and_tried_again(start: Start):
    ran = await start("ws://127.0.0.1:9/ocpp", stdin=asyncio.subprocess.PIPE)
    assert ran.stdout is not None
    lines = []
    while len([line for line in lines if "cannot connect" in line]) < 2:
        lines.append((await asyncio.wait_for(ran.stdout.readline(), 20.0)).decode())
    ran.send_signal(signal.SIGTERM)
    await output(ran)
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["http://127.0.0.1/"], "is not a WebSocket URL; expected ws://host:port/path"),
        (["ws://127.0.0.1:99999/"], "is not a WebSocket URL: Port out of range"),
        (["ws://127.0.0.1:9/ocpp/CP1"], "leave /CP1 away from URL"),
        (["ws://127.0.0.1:9/", "--phases", "2"], "1 or 3 phases, not 2"),
        (["ws://127.0.0.1:9/", "--set", "HeartbeatInterval"], "'HeartbeatInterval' has no '='"),
        (["ws://127.0.0.1:9/", "--set", "HeartbeatInterval=x"], "'x' is not a whole number"),
        (["ws://127.0.0.1:9/", "--set", "NumberOfConnectors=5"], "it is read-only"),
        (["ws://127.0.0.1:9/", "--set", "HeartbeatIntervl=5"], "did you mean HeartbeatInterval?"),
        (["ws://127.0.0.1:9/", "--tag", "X" * 21], "has 21"),
        (["ws://127.0.0.1:9/", "--vendor", "V" * 21], "at most 20 are allowed"),
    ],
)
async def test_wrong_option_is_one_clear_line(arguments: list[str], text: str, start: Start):
    ran = await start(*arguments)
    said = await output(ran)
    assert ran.returncode == 2
    assert text in said
    assert "Traceback" not in said


async def test_lines_do_not_spoil_what_is_being_typed(central: SmallCentral, start: Start):
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"}
    ran = await start(central.url, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    screen = Screen(ours)
    try:
        await central.until(lambda: central.statuses() == ["Available"])
        os.write(ours, b"plu")
        await screen.until(lambda: screen.lines[-1] == "CP1> plu")
        await central.ask(_trigger())
        await screen.until(lambda: any("TriggerMessage" in line for line in screen.lines))
        await screen.until(lambda: screen.lines[-1] == "CP1> plu")
        os.write(ours, b"gx\x7f\r")
        await central.until(lambda: central.statuses()[-1] == "Preparing")
        assert "CP1> plug" in screen.lines
        os.write(ours, b"\x04")
        await asyncio.wait_for(ran.wait(), 20.0)
    finally:
        screen.close()
    assert ran.returncode == 0
    assert not [line for line in screen.lines if "CP1> plu" in line and "->" in line]


def _trigger():
    from voltline.messages import MessageTrigger, TriggerMessage

    return TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION, connector_id=1)


class Screen:
    """What a terminal would show: carriage return and erase-line are all it understands."""

    def __init__(self, descriptor: int) -> None:
        self.lines = [""]
        self._descriptor = descriptor
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the other end is closed
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        for part in re.findall(r"\r\x1b\[K|\r?\n|.", data.decode(), re.S):
            if part == "\r\x1b[K":
                self.lines[-1] = ""
            elif part.endswith("\n"):
                self.lines.append("")
            else:
                self.lines[-1] += part
        self._changed.set()

    async def until(self, condition) -> None:
        async with asyncio.timeout(10.0):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
