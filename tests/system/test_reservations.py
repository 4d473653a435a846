"""Reservations from the API to the charge point, and what becomes of each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.system.central_here import central_here, eventually
from tests.system.raw_station import RawStation, station

FOR_CP1 = {"charge_point": "CP1", "connector_id": 1, "id_tag": "TAG", "duration_s": 600}
TIME = "2026-03-01T12:00:00Z"


async def reserved(api: httpx.AsyncClient, cp: RawStation, **changes: Any) -> dict[str, Any]:
    """A reservation that the charge point accepted."""
    cp.answers["ReserveNow"] = {"status": "Accepted"}
    answer = await api.post("/reservations", json=FOR_CP1 | changes)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "Accepted"
    return dict(answer.json()["reservation"])


async def shown(api: httpx.AsyncClient, reservation: dict[str, Any]) -> dict[str, Any]:
    return dict((await api.get(f"/reservations/{reservation['id']}")).json())


def start(tag: str = "TAG", connector: int = 1, **more: Any) -> dict[str, Any]:
    return {"connectorId": connector, "idTag": tag, "meterStart": 0, "timestamp": _now(), **more}


def _now() -> str:
    return datetime.now(UTC).isoformat()


@pytest.mark.requirement("RSV-01")
async def test_reservation_is_asked_for_with_an_id_of_its_own(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        one = await reserved(api, cp, parent_id_tag="FLEET")
        two = await reserved(api, cp, connector_id=2)
        assert (one["state"], one["charge_point"], one["parent_id_tag"]) == ("accepted", "CP1", "FLEET")
        assert one["reservation_id"] != two["reservation_id"]
        (_, first), (_, second) = cp.received
        end = datetime.fromisoformat(first["expiryDate"])
        assert timedelta(seconds=590) < end - datetime.now(UTC) <= timedelta(seconds=600)
        assert first == {
            "connectorId": 1,
            "expiryDate": first["expiryDate"],
            "idTag": "TAG",
            "parentIdTag": "FLEET",
            "reservationId": one["reservation_id"],
        }
        assert (second["connectorId"], second["reservationId"]) == (2, two["reservation_id"])
        listed = (await api.get("/reservations", params={"charge_point": "cp1", "active": True})).json()
        assert [item["id"] for item in listed["items"]] == [two["id"], one["id"]]
        assert (await api.get("/reservations", params={"charge_point": "CP2"})).json()["items"] == []


@pytest.mark.requirement("RSV-01")
async def test_reservation_on_connector_0_is_sent_with_a_warning(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetConfiguration"] = {
            "configurationKey": [
                {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core"},
                {"key": "NumberOfConnectors", "readonly": True, "value": "1"},
            ]
        }
        await cp.boot()

        async def known() -> bool:
            found = await api.get("/charge-points/CP1/configuration")
            return "SupportedFeatureProfiles" in found.text

        await eventually(known)
        cp.answers["ReserveNow"] = {"status": "Rejected"}
        answer = (await api.post("/reservations", json=FOR_CP1 | {"connector_id": 0})).json()
        assert answer["status"] == "Rejected"
        assert (answer["reservation"]["state"], answer["reservation"]["reason"]) == ("rejected", "Rejected")
        assert any("ReserveConnectorZeroSupported" in warning for warning in answer["warnings"])
        assert any("Reservation" in warning for warning in answer["warnings"])
        assert cp.received[0][1]["connectorId"] == 0


@pytest.mark.parametrize("status", ["Occupied", "Faulted", "Unavailable", "Rejected", "Tomorrow"])
async def test_refused_reservation_says_why(tmp_path: Path, status: str) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        cp.answers["ReserveNow"] = {"status": status}
        answer = await api.post("/reservations", json=FOR_CP1)
        assert (answer.status_code, answer.json()["status"]) == (201, status)
        kept = answer.json()["reservation"]
        assert (kept["state"], kept["reason"]) == ("rejected", status)


async def test_error_and_silence_are_told_and_kept(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        cp.answers["ReserveNow"] = ["NotImplemented", "no reservations", {}]
        assert (await api.post("/reservations", json=FOR_CP1)).status_code == 502
        del cp.answers["ReserveNow"]
        silent = await api.post("/reservations", json=FOR_CP1, params={"timeout_s": 0.1})
        assert silent.status_code == 504
        unknown, refused = (await api.get("/reservations")).json()["items"]
        assert (refused["state"], "NotImplemented" in refused["reason"]) == ("rejected", True)
        assert (unknown["state"], "in time" in unknown["reason"]) == ("pending", True)
        nobody = await api.post("/reservations", json=FOR_CP1 | {"charge_point": "NOBODY"})
        assert nobody.status_code == 404
        assert len((await api.get("/reservations")).json()["items"]) == 2


@pytest.mark.requirement("RSV-18")
async def test_cancelled_reservation_is_cancelled_at_the_charge_point(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        one, two = await reserved(api, cp), await reserved(api, cp, connector_id=2)
        cp.answers["CancelReservation"] = {"status": "Accepted"}
        answer = (await api.post(f"/reservations/{one['id']}/cancel")).json()
        assert (answer["status"], answer["reservation"]["state"]) == ("Accepted", "cancelled")
        assert cp.received[-1] == ("CancelReservation", {"reservationId": one["reservation_id"]})
        cp.answers["CancelReservation"] = {"status": "Rejected"}
        answer = (await api.post(f"/reservations/{two['id']}/cancel")).json()
        assert (answer["status"], answer["reservation"]["state"]) == ("Rejected", "cancelled")
        assert "does not know it" in answer["reservation"]["reason"]
        again = (await api.post(f"/reservations/{one['id']}/cancel")).json()
        assert again["warnings"] == ["the reservation is over: it is cancelled"]


@pytest.mark.parametrize(
    ("reserve", "begin", "state"),
    [
        ({}, {"reservationId": "its own"}, "used"),
        ({}, {"reservationId": "its own", "idTag": "OTHER"}, "used"),
        ({}, {}, "used"),
        ({}, {"reservationId": 0}, "used"),
        ({"connector_id": 0}, {"connectorId": 2}, "used"),
        ({"connector_id": 2}, {}, "accepted"),
        ({}, {"idTag": "OTHER"}, "accepted"),
        ({"id_tag": "OTHER", "parent_id_tag": "fleet"}, {}, "used"),
        ({}, {"reservationId": 4711}, "accepted"),
    ],
)
async def test_reservation_is_used_by_the_start_that_is_meant_by_it(
    tmp_path: Path, reserve: dict[str, Any], begin: dict[str, Any], state: str
) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        await api.put("/id-tags/TAG", json={"parent_id_tag": "FLEET"})
        one = await reserved(api, cp, **reserve)
        if begin.get("reservationId") == "its own":
            begin = begin | {"reservationId": one["reservation_id"]}
        begun = await cp.call("StartTransaction", start() | begin)
        now = await shown(api, one)
        assert now["state"] == state
        assert now["transaction_id"] == (begun["transactionId"] if state == "used" else None)


async def test_start_from_before_the_reservation_does_not_use_it(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        one = await reserved(api, cp)
        await cp.call("StartTransaction", start() | {"timestamp": TIME})
        assert (await shown(api, one))["state"] == "accepted"


async def test_reservation_ends_with_its_time_or_with_its_connector(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        short = await reserved(api, cp, duration_s=1)
        other = await reserved(api, cp, connector_id=2)
        report = {"connectorId": 2, "status": "Faulted", "errorCode": "GroundFailure"}
        await cp.call("StatusNotification", report)
        now = await shown(api, other)
        assert (now["state"], now["reason"]) == ("cancelled", "connector 2 was Faulted")

        async def over() -> bool:
            return (await shown(api, short))["state"] == "expired"

        await eventually(over, within_s=15)
        late = await cp.call("StartTransaction", start(reservationId=short["reservation_id"]))
        now = await shown(api, short)
        assert (now["state"], now["transaction_id"]) == ("used", late["transactionId"])


async def test_reservation_made_by_a_command_is_listed_and_its_id_is_not_used_again(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        await cp.boot()
        cp.answers["ReserveNow"] = {"status": "Accepted"}
        end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = {"connectorId": 1, "expiryDate": end, "idTag": "RAW", "reservationId": 2}
        command = "/charge-points/CP1/commands/ReserveNow"
        assert (await api.post(command, json=body)).json() == {"status": "Accepted"}
        (raw,) = (await api.get("/reservations")).json()["items"]
        assert (raw["reservation_id"], raw["id_tag"], raw["state"]) == (2, "RAW", "accepted")
        ours = await reserved(api, cp, connector_id=2)
        assert ours["reservation_id"] != 2
        assert (await api.post(command, json=body | {"idTag": "NEW"})).status_code == 200
        assert (await shown(api, raw))["id_tag"] == "NEW"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"duration_s": None}, "$.expires_at"),
        ({"expires_at": TIME}, "$.expires_at"),
        ({"connector_id": -1}, "$.connector_id"),
        ({"id_tag": "X" * 21}, "$.id_tag"),
        ({"id_tag": " "}, "$.id_tag"),
        ({"nonsense": 1}, "$.nonsense"),
    ],
)
async def test_reservation_that_cannot_be_meant_is_refused_with_the_field(
    one_central: httpx.AsyncClient, body: dict[str, Any], path: str
) -> None:
    answer = await one_central.post("/reservations", json=FOR_CP1 | body)
    assert answer.status_code == 422
    assert path in [error["path"] for error in answer.json()["errors"]]


@pytest.fixture
async def one_central(tmp_path: Path) -> Any:
    async with central_here(tmp_path) as (_, api):
        yield api
