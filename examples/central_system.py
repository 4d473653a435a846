"""A typed central system: accepts every station and transaction, and asks each for its configuration.

Run it, then `voltline station ws://127.0.0.1:9000/ocpp --id CP1`. Another port may follow as an argument.
"""

import asyncio
import itertools
import sys
from datetime import UTC, datetime

from voltline import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    GetConfiguration,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    MeterValues,
    MeterValuesResponse,
    RegistrationStatus,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
)

central = CentralSystem()
transaction_ids = itertools.count(1)
accepted = IdTagInfo(status=AuthorizationStatus.ACCEPTED)


@central.on(BootNotification)
async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
    station.spawn(read_configuration(station))  # begins once this request is answered
    return BootNotificationResponse(
        status=RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


async def read_configuration(station: Connection) -> None:
    configuration = await station.call(GetConfiguration())
    for setting in configuration.configuration_key or ():
        print(station.identity, setting.key, "=", setting.value)


@central.on(Heartbeat)
async def heartbeat(station: Connection, request: Heartbeat) -> HeartbeatResponse:
    return HeartbeatResponse(current_time=datetime.now(UTC))


@central.on(StatusNotification)
async def status(station: Connection, request: StatusNotification) -> StatusNotificationResponse:
    print(station.identity, "connector", request.connector_id, "is", request.status)
    return StatusNotificationResponse()


@central.on(Authorize)
async def authorize(station: Connection, request: Authorize) -> AuthorizeResponse:
    return AuthorizeResponse(id_tag_info=accepted)


@central.on(StartTransaction)
async def start(station: Connection, request: StartTransaction) -> StartTransactionResponse:
    return StartTransactionResponse(transaction_id=next(transaction_ids), id_tag_info=accepted)


@central.on(MeterValues)
async def meter_values(station: Connection, request: MeterValues) -> MeterValuesResponse:
    for meter_value in request.meter_value:
        for sampled in meter_value.sampled_value:
            print(station.identity, sampled.measurand or "Energy.Active.Import.Register", sampled.value)
    return MeterValuesResponse()


@central.on(StopTransaction)
async def stop(station: Connection, request: StopTransaction) -> StopTransactionResponse:
    print(station.identity, "transaction", request.transaction_id, "ended at", request.meter_stop, "Wh")
    return StopTransactionResponse()


if __name__ == "__main__":
    asyncio.run(central.serve("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 9000))
