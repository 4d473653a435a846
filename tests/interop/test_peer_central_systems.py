"""Our simulated station against central systems that we did not write, in sessions and action by action."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.interop.peer_centrals import (
    FROM_STATIONS,
    TRANSACTION,
    Log,
    Peer,
    mobilityhouse_central,
    ocpp_rpc_central,
)

from voltline.messages import ACTIONS, ChargePointStatus, Side
from voltline.station.simulator.actions import VERBS
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.transport.client import ClientOptions

TAG = "04E3F89A2C3C80"
QUICK = StationOptions(
    connectors=2,
    configuration=(("MeterValueSampleInterval", "1"),),
    reboot_s=0.05,
    install_s=0.05,
    seed=1,
)
HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)
NEED_CERTIFICATES = {
    "CertificateSigned": {"certificateChain": "-----BEGIN CERTIFICATE-----"},
    "DeleteCertificate": {
        "certificateHashData": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "ab",
            "issuerKeyHash": "cd",
            "serialNumber": "1",
        }
    },
    "GetInstalledCertificateIds": {"certificateType": "CentralSystemRootCertificate"},
    "InstallCertificate": {
        "certificateType": "CentralSystemRootCertificate",
        "certificate": "-----BEGIN CERTIFICATE-----",
    },
    "SignedUpdateFirmware": {
        "requestId": 1,
        "firmware": {
            "location": "http://127.0.0.1/firmware.bin",
            "retrieveDateTime": "2026-01-01T00:00:00Z",
            "signingCertificate": "-----BEGIN CERTIFICATE-----",
            "signature": "ab",
        },
    },
}
OF_CERTIFICATES = {"SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification"}


@pytest.fixture(params=["mobilityhouse/ocpp", "ocpp-rpc"])
async def peer(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Peer]:
    """A central system of each kind; that it had nothing to object to is seen at the end."""
    caplog.set_level(logging.WARNING, "ocpp")
    if request.param == "ocpp-rpc":
        running = ocpp_rpc_central(request.getfixturevalue("node"))
    else:
        running = mobilityhouse_central()
    async with running as peer:
        yield peer
    assert peer.log.problems == []
    warnings = [one.message for one in caplog.records if one.name.startswith("ocpp")]
    assert [one for one in warnings if "NotSupported" not in one] == []


# ---- a session


async def test_our_station_charges_at_a_central_system_of_others(peer: Peer) -> None:
    log = peer.log
    async with SimulatedStation(peer.endpoint, "VOLT-1", QUICK) as station:
        await station.until(lambda view: view.online)
        await station.plug_in(1)
        await station.present_tag(TAG)
        await station.until(lambda view: view.connectors[0].status == ChargePointStatus.CHARGING)
        await log.until(lambda: len(log.of("MeterValues")) >= 2)
        keys = await peer.ask("GetConfiguration", {"key": ["HeartbeatInterval", "NoSuchKey"]})
        assert keys["configurationKey"][0]["key"] == "HeartbeatInterval"
        assert keys["unknownKey"] == ["NoSuchKey"]
        changed = await peer.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"})
        assert changed == {"status": "Accepted"}
        assert await peer.ask("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}
        await log.until(lambda: bool(log.of("Heartbeat")))
        stopped = await peer.ask("RemoteStopTransaction", {"transactionId": TRANSACTION})
        assert stopped == {"status": "Accepted"}
        await log.until(lambda: bool(log.of("StopTransaction")))
        await station.unplug(1)
        await station.until(lambda view: view.connectors[0].status == ChargePointStatus.AVAILABLE)
        await log.until(lambda: log.of("StatusNotification")[-1]["status"] == "Available")
    require_a_whole_session(log)


def require_a_whole_session(log: Log) -> None:
    actions = [action for action, _ in log.served]
    assert actions[0] == "BootNotification"
    first = {action: actions.index(action) for action in set(actions)}
    order = ["BootNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction"]
    assert sorted(order, key=first.__getitem__) == order
    booted = log.of("StatusNotification")[:3]
    assert sorted(one["connectorId"] for one in booted) == [0, 1, 2]
    statuses = [one["status"] for one in log.of("StatusNotification") if one["connectorId"] == 1]
    assert statuses[:3] == ["Available", "Preparing", "Charging"]
    assert statuses[-2:] == ["Finishing", "Available"]
    start, stop = log.of("StartTransaction")[0], log.of("StopTransaction")[0]
    assert (start["idTag"], start["connectorId"]) == (TAG, 1)
    assert (stop["transactionId"], stop["reason"]) == (TRANSACTION, "Remote")
    assert stop["meterStop"] >= start["meterStart"]
    assert {one["transactionId"] for one in log.of("MeterValues")} == {TRANSACTION}


# ---- every action


@asynccontextmanager
async def file_server() -> AsyncIterator[tuple[str, list[str]]]:
    """Gives any file and takes any; its address, and what was asked of it."""
    asked: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        await request.read()
        asked.append(f"{request.method} {request.path}")
        return web.Response(body=b"firmware" if request.method == "GET" else b"", status=200)

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def hence(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


async def test_every_action_passes_between_our_station_and_a_central_system_of_others(peer: Peer) -> None:
    asked: set[str] = set()

    async def ask(action: str, payload: dict[str, Any], **expected: Any) -> dict[str, Any]:
        asked.add(action)
        answer = await asyncio.wait_for(peer.ask(action, payload), 20)
        assert expected.items() <= answer.items(), (action, answer)
        return answer

    async with file_server() as (files, fetched):
        async with SimulatedStation(peer.endpoint, "VOLT-1", QUICK, client=HASTE) as station:
            await station.until(lambda view: view.online)
            await ask_about_tags(ask, station)
            await ask_about_configuration(ask)
            await charge_from_afar(ask, station, peer.log)
            await send_vendors_data(ask, station, peer.log)
            await ask_for_messages(ask, peer.log)
            await move_files(ask, peer.log, files)
            for action, payload in NEED_CERTIFICATES.items():
                answer = await ask(action, payload)
                assert answer.get("error") in ("NotSupported", "NotImplemented"), (action, answer)
            await ask("UnlockConnector", {"connectorId": 1}, status="Unlocked")
            await ask("Reset", {"type": "Soft"}, status="Accepted")
            await peer.log.until(lambda: len(peer.log.of("BootNotification")) >= 3)
    assert any(one.startswith("GET") for one in fetched)
    assert asked == {name for name, action in ACTIONS.items() if Side.CENTRAL_SYSTEM in action.sent_by}
    assert {action for action, _ in peer.log.served} >= set(FROM_STATIONS) - OF_CERTIFICATES


async def ask_about_tags(ask: Any, station: SimulatedStation) -> None:
    tags = [{"idTag": TAG, "idTagInfo": {"status": "Accepted", "expiryDate": hence(86_400)}}]
    update = {"listVersion": 3, "updateType": "Full", "localAuthorizationList": tags}
    await ask("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "true"}, status="Accepted")
    await ask("SendLocalList", update, status="Accepted")
    await ask("GetLocalListVersion", {}, listVersion=3)
    await ask("ClearCache", {}, status="Accepted")
    reservation = {"connectorId": 1, "expiryDate": hence(600), "idTag": TAG, "reservationId": 7}
    await ask("ReserveNow", reservation, status="Accepted")
    await station.until(lambda view: view.connectors[0].status == "Reserved")
    await ask("CancelReservation", {"reservationId": 7}, status="Accepted")
    await ask("CancelReservation", {"reservationId": 7}, status="Rejected")


async def ask_about_configuration(ask: Any) -> None:
    keys = await ask("GetConfiguration", {})
    assert {"HeartbeatInterval", "NumberOfConnectors"} <= {one["key"] for one in keys["configurationKey"]}
    wide = ",".join(["Energy.Active.Import.Register", "Voltage", "Current.Import", "SoC", "Power.Factor"])
    await ask("ChangeConfiguration", {"key": "MeterValuesSampledData", "value": wide}, status="Accepted")
    for status, operative in (("Accepted", "Inoperative"), ("Accepted", "Operative")):
        await ask("ChangeAvailability", {"connectorId": 2, "type": operative}, status=status)


async def charge_from_afar(ask: Any, station: SimulatedStation, log: Log) -> None:
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 12.1}, {"startPeriod": 60, "limit": 8.0}],
    }
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule | {"startSchedule": hence(-10)},
    }
    await station.plug_in(1)
    installed = {"connectorId": 1, "csChargingProfiles": profile}
    await ask("SetChargingProfile", installed, status="Accepted")
    own = profile | {"chargingProfilePurpose": "TxProfile", "chargingProfileId": 2}
    start = {"connectorId": 1, "idTag": TAG, "chargingProfile": own}
    await ask("RemoteStartTransaction", start, status="Accepted")
    await log.until(lambda: len(log.of("MeterValues")) >= 2)
    composite = {"connectorId": 1, "duration": 120, "chargingRateUnit": "A"}
    answer = await ask("GetCompositeSchedule", composite, status="Accepted")
    assert float(answer["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]) == 12.1
    await ask("ClearChargingProfile", {"id": 1}, status="Accepted")
    await ask("RemoteStopTransaction", {"transactionId": TRANSACTION}, status="Accepted")
    await log.until(lambda: bool(log.of("StopTransaction")))
    await station.present_tag("UNLISTED", 2)
    await log.until(lambda: {"idTag": "UNLISTED"} in log.of("Authorize"))


async def send_vendors_data(ask: Any, station: SimulatedStation, log: Log) -> None:
    await ask("DataTransfer", {"vendorId": "org.nobody"}, status="UnknownVendorId")
    station.perform(VERBS["answer"].read({"vendor_id": "com.example", "message_id": "ask", "data": "é"}))
    mine = {"vendorId": "com.example", "messageId": "ask", "data": "?"}
    await ask("DataTransfer", mine, status="Accepted", data="é")
    station.perform(VERBS["data"].read({"vendor_id": "com.example", "message_id": "note", "data": "漢"}))
    await log.until(lambda: bool(log.of("DataTransfer")))
    assert log.of("DataTransfer") == [{"vendorId": "com.example", "messageId": "note", "data": "漢"}]


async def ask_for_messages(ask: Any, log: Log) -> None:
    for action, kinds in (
        ("TriggerMessage", ("Heartbeat", "StatusNotification", "MeterValues")),
        ("ExtendedTriggerMessage", ("Heartbeat", "StatusNotification", "MeterValues")),
    ):
        for kind in kinds:
            before = len(log.of(kind))
            await ask(action, {"requestedMessage": kind}, status="Accepted")
            await log.until(lambda kind=kind, before=before: len(log.of(kind)) > before)  # type: ignore[misc]
    # Not having certificates, it can ask for none.
    certificate = {"requestedMessage": "SignChargePointCertificate"}
    answer = await ask("ExtendedTriggerMessage", certificate)
    assert answer["status"] in ("Rejected", "NotImplemented")


async def move_files(ask: Any, log: Log, files: str) -> None:
    named = await ask("GetDiagnostics", {"location": f"{files}/diagnostics/", "retries": 1})
    assert named["fileName"]
    await log.until(lambda: {"status": "Uploaded"} in log.of("DiagnosticsStatusNotification"))
    order = {"logType": "DiagnosticsLog", "requestId": 5, "log": {"remoteLocation": f"{files}/logs/"}}
    await ask("GetLog", order, status="Accepted")
    await log.until(lambda: {"status": "Uploaded", "requestId": 5} in log.of("LogStatusNotification"))
    await ask("UpdateFirmware", {"location": f"{files}/firmware.bin", "retrieveDate": hence(-1)})
    await log.until(lambda: {"status": "Installed"} in log.of("FirmwareStatusNotification"))
    told = [one["status"] for one in log.of("FirmwareStatusNotification")]
    assert told[:4] == ["Downloading", "Downloaded", "Installing", "Installed"]
