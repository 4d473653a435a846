"""The floor: a bare aiohttp server that decodes and validates each message by msgspec and answers at once.

No sessions, no duplicates, no deviations, no timeouts, nothing stored.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop
from aiohttp import WSMsgType, web

from voltline.messages import ACTIONS

frames = msgspec.json.Decoder(list[msgspec.Raw])
decoders = {name: msgspec.json.Decoder(action.request) for name, action in ACTIONS.items()}
ANSWERS = {
    "Authorize": '{"idTagInfo":{"status":"Accepted"}}',
    "BootNotification": '{"status":"Accepted","interval":300,"currentTime":"2026-01-01T00:00:00Z"}',
    "StartTransaction": '{"transactionId":1,"idTagInfo":{"status":"Accepted"}}',
    "Heartbeat": '{"currentTime":"2026-01-01T00:00:00Z"}',
    "MeterValues": "{}",
    "StatusNotification": "{}",
    "StopTransaction": "{}",
}


async def connected(request: web.BaseRequest) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(protocols=("ocpp1.6",), compress=False)
    await websocket.prepare(request)
    async for message in websocket:
        if message.type is WSMsgType.TEXT:
            _, message_id, action, payload = frames.decode(message.data)
            name = bytes(action)[1:-1].decode()
            decoders[name].decode(payload)
            await websocket.send_str(f"[3,{bytes(message_id).decode()},{ANSWERS[name]}]")
    return websocket


async def main(port: int) -> None:
    runner = web.ServerRunner(web.Server(connected, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"ready {runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
