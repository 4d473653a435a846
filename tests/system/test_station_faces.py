"""`voltline station` with its control API and on a whole screen, as a process."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import socket
import struct
import termios
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.system.pages import curl_commands, status_of
from tests.system.small_central import SmallCentral
from tests.system.station_processes import Start, output, station_processes

from voltline.messages import Reason, StartTransaction, StatusNotification, StopTransaction


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with station_processes() as start:
        yield start


async def test_control_api_drives_the_process_and_ends_it(central: SmallCentral, start: Start):
    ran = await start(central.url, "--control", "0")
    assert ran.stdout is not None
    said = b""
    while b"is controlled at" not in said:
        line = await asyncio.wait_for(ran.stdout.readline(), 20)
        assert line, said
        said += line
    url = re.search(r"controlled at (http://127\.0\.0\.1:\d+)", said.decode())
    assert url is not None, said
    async with httpx.AsyncClient(base_url=url[1]) as http:
        await central.heard(StatusNotification, 2)
        assert (await http.post("/verbs/start", json={"id_tag": "04A1"})).status_code == 200
        await central.heard(StartTransaction)
        assert (await http.post("/quit")).status_code == 202
        assert await asyncio.wait_for(ran.wait(), 20) == 0
    assert central.of(StopTransaction)[0].reason == Reason.REBOOT


async def test_address_where_nobody_can_listen_is_refused_in_words(central: SmallCentral, start: Start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = await start(central.url, "--control", str(port))
        text = await output(ran)
    assert ran.returncode == 2
    assert f"--control cannot listen on 127.0.0.1:{port}: " in text
    assert "choose another" in text
    ran = await start(central.url, "--control", "host")
    assert "--control takes PORT or HOST:PORT" in await output(ran)
    assert ran.returncode == 2


async def test_view_falls_back_to_lines_where_there_is_no_screen(central: SmallCentral, start: Start):
    ran = await start(central.url, "--view")
    await central.heard(StatusNotification, 2)
    ran.terminate()
    text = await output(ran)
    assert "-> BootNotification" in text
    assert "\x1b" not in text


async def test_view_takes_the_whole_screen_and_gives_it_back(central: SmallCentral, start: Start):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    ran = await start(
        central.url, "--view", stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: shown.extend(_read(ours, loop)))
    await central.heard(StatusNotification, 2)
    os.write(ours, b"start 1\r")
    await central.heard(StartTransaction)
    os.write(ours, b"quit\r")
    assert await asyncio.wait_for(ran.wait(), 20) == 0
    loop.remove_reader(ours)
    shown += _read(ours, loop)
    os.close(ours)
    text = shown.decode()
    assert text.index("\x1b[?1049h") < text.index("\x1b[?1049l")  # the alternate screen, and back
    assert "connector" in text
    assert "CP1 is off" in text[text.rindex("\x1b[?1049l") :]


def _read(terminal: int, loop: asyncio.AbstractEventLoop) -> bytes:
    try:
        return os.read(terminal, 1 << 20)
    except OSError:  # the other end is closed
        loop.remove_reader(terminal)
        return b""


async def test_commands_of_the_page_do_what_it_says(central: SmallCentral, start: Start, curl: str):
    ran = await start(central.url, "--control", "0")
    assert ran.stdout is not None
    said = b""
    while b"is controlled at" not in said:
        said += await asyncio.wait_for(ran.stdout.readline(), 20)
    url = re.search(r"controlled at (\S+)", said.decode())
    assert url is not None
    await central.heard(StatusNotification, 2)
    for command in curl_commands("howto/control-a-station.md"):
        there = command.replace("http://127.0.0.1:8090", url[1])
        assert await status_of(there, curl) == "200", command
    await central.heard(StartTransaction)
