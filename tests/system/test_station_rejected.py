"""A charge point that was Rejected says nothing at all until its time has come (OCPP 1.6, 4.2)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from websockets.asyncio.server import ServerConnection

from voltline.station.simulator.station import SimulatedStation
from voltline.transport.client import ClientOptions

IDENTITY = "CP1"


class RejectingCentral:
    """Answers BootNotification with the statuses given, in turn, and keeps every frame that comes."""

    def __init__(self, *statuses: str, interval_s: int) -> None:
        self.frames: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.connection: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()
        self._statuses = list(statuses)
        self._interval_s = interval_s

    async def serve(self, connection: ServerConnection) -> None:
        self.connection.set_result(connection)
        async for text in connection:
            frame = json.loads(text)
            self.frames.put_nowait(frame)
            if frame[0] == 2:
                answer: dict[str, Any] = {}
                if frame[2] == "BootNotification":
                    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                    status = self._statuses.pop(0)
                    answer = {"status": status, "currentTime": now, "interval": self._interval_s}
                await connection.send(json.dumps([3, frame[1], answer]))

    async def next_frame(self) -> list[Any]:
        return await asyncio.wait_for(self.frames.get(), 10.0)


@pytest.fixture
async def central() -> AsyncIterator[tuple[RejectingCentral, str]]:
    central = RejectingCentral("Rejected", "Accepted", interval_s=1)
    async with websockets.serve(central.serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        port = server.sockets[0].getsockname()[1]
        yield central, f"ws://127.0.0.1:{port}/ocpp"


QUESTIONS = (
    '[2,"q1","GetConfiguration",{}]',
    '[2,"q2","GetConfiguration",{"key":7}]',
    '[2,"q3","NoSuchAction",{}]',
    '[2,"q4","CertificateSigned",{"certificateChain":"x"}]',
    '[2,"q5"]',
    '{"not":"a frame"}',
    "neither is this",
)


@pytest.mark.requirement("BOO-07", "BOO-09", "BOO-10", "BOO-11")
async def test_rejected_station_answers_nothing_known_unknown_or_unreadable(
    central: tuple[RejectingCentral, str],
):
    peer, url = central
    options = ClientOptions(first_wait_s=0.05, longest_wait_s=0.1)
    async with SimulatedStation(url, IDENTITY, client=options) as station:
        assert (await peer.next_frame())[2] == "BootNotification"
        await station.until(lambda view: view.standing.value == "rejected")
        connection = await peer.connection
        for question in QUESTIONS:
            await connection.send(question)
        # The next thing that it says is the boot that its time has come for; then it answers again.
        frames = [await peer.next_frame()]
        assert frames[0][2] == "BootNotification"
        await station.until(lambda view: view.online)
        await connection.send('[2,"q8","NoSuchAction",{}]')
        while frames[-1][:2] != [4, "q8"]:
            frames.append(await peer.next_frame())
        assert {frame[1] for frame in frames if frame[0] != 2} == {"q8"}
