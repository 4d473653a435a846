"""Both ends of the wire on real sockets, in one event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    Heartbeat,
    HeartbeatResponse,
    RegistrationStatus,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
BOOT = BootNotification(charge_point_vendor="Test", charge_point_model="One")


def with_boot_and_heartbeat(central: CentralSystem) -> CentralSystem:
    @central.on(BootNotification)
    async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
        return BootNotificationResponse(status=RegistrationStatus.ACCEPTED, current_time=NOW, interval=300)

    @central.on(Heartbeat)
    def heartbeat(station: Connection, request: Heartbeat) -> HeartbeatResponse:
        return HeartbeatResponse(current_time=NOW)

    return central


@asynccontextmanager
async def running(central: CentralSystem) -> AsyncIterator[str]:
    """The central system started on a free port; gives its endpoint."""
    port = await central.start("127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{port}/ocpp"
    finally:
        await central.stop(grace_s=2)


async def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until ``condition`` holds, and fail if it does not within the time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.001)
