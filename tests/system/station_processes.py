"""`voltline station` as processes for tests, and what they said."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

VOLTLINE = Path(sys.executable).with_name("voltline")

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@asynccontextmanager
async def station_processes() -> AsyncIterator[Start]:
    """Starts `voltline station` with these arguments; what is still running at the end is killed."""
    started: list[asyncio.subprocess.Process] = []

    async def start(
        *arguments: str, program: Sequence[str] = (), **how: object
    ) -> asyncio.subprocess.Process:
        command = [*(program or (str(VOLTLINE), "station")), *arguments]
        streams = {
            "stdin": asyncio.subprocess.DEVNULL,
            "stdout": asyncio.subprocess.PIPE,
            "stderr": asyncio.subprocess.STDOUT,
        }
        started.append(await asyncio.create_subprocess_exec(*command, **(streams | how)))
        return started[-1]

    yield start
    for ran in started:
        if ran.returncode is None:
            ran.kill()
        await ran.communicate()


async def output(ran: asyncio.subprocess.Process) -> str:
    """Everything it says until it ends, 20 s at most."""
    data, _ = await asyncio.wait_for(ran.communicate(), 20.0)
    return data.decode()
