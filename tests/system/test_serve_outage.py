"""A database that is out of reach: nothing is lost, nothing is answered that is not stored."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from tests.serving import serving
from tests.system.raw_station import RawStation, station

REPORT = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
QUICK = ("--set", "data.outage_close_s=1")


@asynccontextmanager
async def station_when_back(url: str) -> AsyncIterator[RawStation]:
    """Connects as soon as charge points are let in again."""
    async with asyncio.timeout(20):
        while await refusal(url) == 503:
            await asyncio.sleep(0.05)
    async with station(url) as visitor:
        yield visitor


async def refusal(url: str) -> int | None:
    """The status with which a charge point is refused; None: it is let in."""
    try:
        async with station(url):
            return None
    except aiohttp.WSServerHandshakeError as error:
        return error.status


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the database's only write lock."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def test_locked_database_holds_the_answer_until_it_is_stored(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "data.outage_close_s=3600") as server:
        async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http) as api:
            await cp.boot()
            with locked(server.data / "voltline.db"):
                reporting = asyncio.create_task(cp.call("StatusNotification", REPORT))
                async with asyncio.timeout(30):
                    while (health := await api.get("/readyz")).status_code == 200:
                        await asyncio.sleep(0.05)
                assert health.status_code == 503
                assert health.headers["content-type"] == "application/problem+json"
                assert "locked" in health.json()["detail"]
                assert not reporting.done()
                assert await refusal(server.ocpp) == 503
                shown = await api.get("/api/v1/charge-points/CP1")  # reading goes on
                assert shown.status_code == 200
            assert await reporting == {}
            async with asyncio.timeout(10):
                while (await api.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.05)
            shown = await api.get("/api/v1/charge-points/CP1")
            assert [one["status"] for one in shown.json()["connectors"]] == ["Available"]


async def test_long_outage_closes_the_connection_without_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path / "data", *QUICK) as server:
        async with station(server.ocpp) as cp:
            await cp.boot()
            with locked(server.data / "voltline.db"):
                await cp.socket.send_str(json.dumps([2, "held", "StatusNotification", REPORT]))
                assert await cp.closed() == 1013
        async with station_when_back(server.ocpp) as cp:
            assert await cp.call("StatusNotification", REPORT) == {}


async def test_stopping_during_an_outage_ends_in_time_and_answers_nothing(tmp_path: Path) -> None:
    flags = ("--set", "shutdown.grace_s=0.5", "--set", "data.outage_close_s=3600")
    with serving(tmp_path / "data", *flags) as server:
        async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http) as api:
            await cp.boot()
            with locked(server.data / "voltline.db"):
                reporting = asyncio.create_task(cp.exchange("StatusNotification", REPORT))
                async with asyncio.timeout(30):
                    while (await api.get("/readyz")).status_code == 200:
                        await asyncio.sleep(0.05)
                server.process.terminate()
                assert await cp.closed() == 1001
                with pytest.raises(asyncio.CancelledError):  # the connection ended before an answer
                    await reporting
                async with asyncio.timeout(20):
                    while server.process.poll() is None:
                        await asyncio.sleep(0.05)
        assert server.process.returncode == 0
    assert "messages could not be stored; none of them was answered" in (tmp_path / "data.log").read_text()
