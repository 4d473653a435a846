"""What a handler starts beside its answer."""

import aiohttp
import pytest
from tests.conversing import NOW, running

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    ClearCache,
    Connection,
    RegistrationStatus,
)

ACCEPTED = BootNotificationResponse(status=RegistrationStatus.ACCEPTED, current_time=NOW, interval=300)


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_what_a_handler_spawns_last_begins_after_its_answer(
    http: aiohttp.ClientSession, asynchronous: bool
) -> None:
    central = CentralSystem()

    async def tidy(station: Connection) -> None:
        await station.call(ClearCache())

    def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
        station.spawn(tidy(station))
        return ACCEPTED

    async def boot_later(station: Connection, request: BootNotification) -> BootNotificationResponse:
        return boot(station, request)

    central.on(BootNotification)(boot_later if asynchronous else boot)
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str(
            '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
        )
        first = await websocket.receive_json(timeout=5)
        second = await websocket.receive_json(timeout=5)
        await websocket.send_json([3, second[1], {"status": "Accepted"}])
    assert (first[0], first[1]) == (3, "1")
    assert (second[0], second[2]) == (2, "ClearCache")


async def test_a_handler_that_returns_no_response_is_an_internal_error(http: aiohttp.ClientSession) -> None:
    central = CentralSystem()

    @central.on(BootNotification)
    async def forgetful(station: Connection, request: BootNotification) -> None:
        return None

    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str(
            '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
        )
        assert (await websocket.receive_json(timeout=5))[:3] == [4, "1", "InternalError"]
