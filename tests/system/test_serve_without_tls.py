"""The plain connection of a private network, and that nothing but OCPP 1.6 goes over it."""

from pathlib import Path

import pytest
from tests.system.central_here import central_here
from tests.system.raw_station import station


@pytest.mark.requirement("WSC-17")
async def test_in_a_private_network_charge_points_come_without_tls(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, _):
        assert url.startswith("ws://")
        async with station(url) as cp:
            assert (await cp.boot())["status"] == "Accepted"


@pytest.mark.requirement("DTR-01")
async def test_what_ocpp_has_no_action_for_is_not_sent_as_an_action(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        answer = await api.post("/charge-points/CP1/commands/SetDisplay", json={"text": "Hello"})
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:voltline:problem:unknown-action"
        assert cp.received == []
        refused = await cp.exchange("SetDisplay", {"text": "Hello"})
        assert (refused[0], refused[2]) == (4, "NotImplemented")
