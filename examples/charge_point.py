"""A typed charge point: boots, charges once, and can be asked to stop.

Run it against any central system at ws://127.0.0.1:9000/ocpp, for example `voltline serve`.
"""

import asyncio
import sys
from datetime import UTC, datetime

from voltline import (
    AuthorizationStatus,
    Authorize,
    BootNotification,
    ChargePoint,
    Connection,
    MeterValue,
    MeterValues,
    RegistrationStatus,
    RemoteStartStopStatus,
    RemoteStopTransaction,
    RemoteStopTransactionResponse,
    SampledValue,
    StartTransaction,
    StopTransaction,
)


async def charge(endpoint: str, identity: str, tag: str) -> int:
    """One session, from boot to stop. Returns the transaction id; raises OcppError where that fails."""
    asked_to_stop = asyncio.Event()
    charge_point = ChargePoint(endpoint, identity)

    @charge_point.on(RemoteStopTransaction)
    async def remote_stop(_: Connection, request: RemoteStopTransaction) -> RemoteStopTransactionResponse:
        asked_to_stop.set()
        return RemoteStopTransactionResponse(status=RemoteStartStopStatus.ACCEPTED)

    async with charge_point as central:
        boot = await central.call(
            BootNotification(charge_point_vendor="Example", charge_point_model="One Socket")
        )
        if boot.status != RegistrationStatus.ACCEPTED:
            sys.exit(f"the central system answers {boot.status}; try again in {boot.interval} s")
        authorization = await central.call(Authorize(id_tag=tag))
        if authorization.id_tag_info.status != AuthorizationStatus.ACCEPTED:
            sys.exit(f"the tag {tag} is {authorization.id_tag_info.status}")
        started = await central.call(
            StartTransaction(connector_id=1, id_tag=tag, meter_start=1000, timestamp=datetime.now(UTC))
        )
        reading = MeterValue(timestamp=datetime.now(UTC), sampled_value=[SampledValue(value="1500")])
        await central.call(
            MeterValues(connector_id=1, transaction_id=started.transaction_id, meter_value=[reading])
        )
        await central.call(
            StopTransaction(
                transaction_id=started.transaction_id,
                meter_stop=2000,
                timestamp=datetime.now(UTC),
                id_tag=tag,
            )
        )
        return started.transaction_id


if __name__ == "__main__":
    arguments = sys.argv[1:] or ["ws://127.0.0.1:9000/ocpp"]
    print("charged in transaction", asyncio.run(charge(arguments[0], "EXAMPLE-1", "04E3F89A2C3C80")))
