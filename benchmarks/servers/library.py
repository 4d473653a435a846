"""The library alone: a central system of typed async handlers that stores nothing."""

from __future__ import annotations

import asyncio
import itertools
import sys

import uvloop

from voltline import (
    AuthorizationStatus,
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    MeterValues,
    MeterValuesResponse,
    RegistrationStatus,
    StartTransaction,
    StartTransactionResponse,
)
from voltline.base.clock import SystemClock

central = CentralSystem()
clock = SystemClock()
transaction_ids = itertools.count(1)


@central.on(BootNotification)
async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
    return BootNotificationResponse(
        status=RegistrationStatus.ACCEPTED, current_time=clock.now(), interval=300
    )


@central.on(Heartbeat)
async def heartbeat(station: Connection, request: Heartbeat) -> HeartbeatResponse:
    return HeartbeatResponse(current_time=clock.now())


@central.on(StartTransaction)
async def start(station: Connection, request: StartTransaction) -> StartTransactionResponse:
    return StartTransactionResponse(
        transaction_id=next(transaction_ids), id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED)
    )


@central.on(MeterValues)
async def meter_values(station: Connection, request: MeterValues) -> MeterValuesResponse:
    return MeterValuesResponse()


async def main(port: int) -> None:
    print(f"ready {await central.start('127.0.0.1', port)}", flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
