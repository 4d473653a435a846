"""A charge point of raw frames: shares no code with what it talks to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import quote

import aiohttp

VENDOR = {"chargePointVendor": "Acme", "chargePointModel": "Mark 1", "firmwareVersion": "1.2.3"}


UNASKED = {
    "GetConfiguration": {
        "configurationKey": [{"key": "NumberOfConnectors", "readonly": True, "value": "1"}],
    },
    "GetLocalListVersion": {"listVersion": -1},
    "ClearCache": {"status": "Rejected"},
}


class RawStation:
    """Sends CALLs, and answers those it gets with what `answers` says."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.answers: dict[str, Any] = {}
        """Action to payload; a list `[code, description, details]` is sent as CALLERROR; None: no answer."""
        self.unasked: dict[str, Any] = dict(UNASKED)
        """The same for what a central system asks by itself after a boot, where `answers` says nothing."""
        self.answering: dict[str, Callable[[Any], Any]] = {}
        """Action to what makes the answer of the payload; before `answers`, and not in `received`."""
        self.received: list[tuple[str, Any]] = []
        """The CALLs that came, but for those that `unasked` answers."""
        self.unanswered: list[str] = []
        """Ids of the CALLs that were left without an answer."""
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def exchange(self, action: str, payload: Any) -> list[Any]:
        """Send a CALL; the whole frame that answers it."""
        message_id = f"{action}-{next(self._numbers)}"
        return await self.exchange_as(message_id, action, payload)

    async def exchange_as(self, message_id: str, action: str, payload: Any) -> list[Any]:
        answer = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send_str(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(20):
            return await answer

    async def call(self, action: str, payload: Any = None) -> dict[str, Any]:
        """Send a CALL; the payload of its CALLRESULT."""
        frame = await self.exchange(action, payload or {})
        assert frame[0] == 3, frame
        return dict(frame[2])

    async def boot(self) -> dict[str, Any]:
        return await self.call("BootNotification", VENDOR)

    async def closed(self) -> int | None:
        """Wait until the other side has closed the connection; its close code."""
        async with asyncio.timeout(20):
            await asyncio.wait([self._reader])
        return self.socket.close_code

    async def _read(self) -> None:
        async for message in self.socket:
            frame = json.loads(message.data)
            if frame[0] == 2:
                await self._answer(frame)
            else:
                waiting = self._waiting.pop(frame[1], None)
                if waiting is not None:  # a frame that was sent as it stands is answered too
                    waiting.set_result(frame)
        for waiting in self._waiting.values():
            waiting.cancel()

    async def _answer(self, frame: list[Any]) -> None:
        _, message_id, action, payload = frame
        answer = self.answers.get(action)
        if action in self.answering:
            answer = self.answering[action](payload)
        elif answer is None and action in self.unasked:
            answer = self.unasked[action]
        else:
            self.received.append((action, payload))
        if isinstance(answer, list):
            await self.socket.send_str(json.dumps([4, message_id, *answer]))
        elif answer is not None:
            await self.socket.send_str(json.dumps([3, message_id, answer]))
        else:
            self.unanswered.append(message_id)

    async def leave(self) -> None:
        await self.socket.close()
        await asyncio.wait([self._reader])


@asynccontextmanager
async def station(url: str, identity: str = "CP1", **options: Any) -> AsyncIterator[RawStation]:
    """Connected within the context. `options` go to aiohttp's ws_connect."""
    async with aiohttp.ClientSession() as session:
        options.setdefault("protocols", ("ocpp1.6",))
        socket = await session.ws_connect(f"{url}/{quote(identity)}", **options)
        visitor = RawStation(socket)
        try:
            yield visitor
        finally:
            await visitor.leave()
