"""A central system in this process, with its API and what is told of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from msgspec.structs import replace

from voltline.central.app import Central
from voltline.central.settings import (
    DataSettings,
    HttpSettings,
    InspectionSettings,
    LocalListsSettings,
    OcppSettings,
    ProceduresSettings,
    Settings,
)


def quick(data: Path, **sections: object) -> Settings:
    """Free ports, no waiting before charge points are worked with, and no inspector: closing waits for it."""
    settings = Settings(
        ocpp=OcppSettings(port=0),
        http=HttpSettings(port=0),
        data=DataSettings(directory=str(data)),
        procedures=ProceduresSettings(settle_s=0),
        local_lists=LocalListsSettings(delay_s=0.02),
        inspection=InspectionSettings(enabled=False),
    )
    return replace(settings, **sections)


@asynccontextmanager
async def central_here(data: Path, **sections: object) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """Where charge points connect, and a client of the API."""
    async with Central(quick(data, **sections)) as central:
        async with httpx.AsyncClient(base_url=f"{central.http_url}/api/v1", timeout=30) as api:
            yield central.ocpp_url, api


async def eventually(look: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Ask until the answer is yes."""
    async with asyncio.timeout(within_s):
        while not await look():
            await asyncio.sleep(0.01)
