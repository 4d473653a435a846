"""Stations on a WebSocket route of a FastAPI application (Starlette's is the same).

uvicorn fastapi_app:app --port 9000
"""

from datetime import UTC, datetime

from fastapi import FastAPI, HTTPException, WebSocket

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    NotConnected,
    RegistrationStatus,
    Reset,
    ResetType,
)
from voltline.transport.adapters import starlette

app = FastAPI()
central = CentralSystem()


@central.on(BootNotification)
async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
    return BootNotificationResponse(
        status=RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


@app.websocket("/ocpp/{identity}")
async def ocpp(websocket: WebSocket, identity: str) -> None:
    await starlette.serve(central, websocket, identity)


@app.post("/stations/{identity}/reset")
async def reset(identity: str) -> dict[str, str]:
    try:
        answer = await central.call(identity, Reset(type=ResetType.SOFT))
    except NotConnected as error:
        raise HTTPException(409, str(error)) from error
    return {"status": answer.status}
