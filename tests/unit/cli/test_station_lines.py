"""What `voltline station` prints."""

from datetime import UTC, datetime

import msgspec

from voltline.cli.station_lines import exchange_line, is_trouble, notice_line, view_lines
from voltline.messages import (
    ErrorCode,
    GetConfiguration,
    GetConfigurationResponse,
    GetDiagnostics,
    GetDiagnosticsResponse,
    Heartbeat,
    HeartbeatResponse,
    KeyValue,
    Measurand,
    MeterValue,
    MeterValues,
    MeterValuesResponse,
    Phase,
    Reset,
    ResetResponse,
    ResetStatus,
    ResetType,
    SampledValue,
    SendLocalList,
    UnitOfMeasure,
    UpdateType,
)
from voltline.station.core.happenings import Answered, Failed, Failure
from voltline.station.core.intents import Answer, Matter, Notice, Refuse, StaySilent
from voltline.station.device.listener import Exchange
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.view import TransferView

NOON = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)


def test_own_request_and_its_answer_are_one_line():
    answered = Answered(1, HeartbeatResponse(current_time=NOON))
    line = exchange_line(Exchange(True, Heartbeat(), answered, 0.0123))
    assert line == "-> Heartbeat | currentTime=12:00:07 (12 ms)"


def test_request_of_the_central_system_and_the_answer_are_one_line():
    answer = Answer(1, ResetResponse(status=ResetStatus.ACCEPTED))
    line = exchange_line(Exchange(False, Reset(type=ResetType.SOFT), answer, 0.0))
    assert line == "<- Reset type=Soft | status=Accepted"


def test_readings_are_put_together_by_phase():
    amperes, measurand = UnitOfMeasure.A, Measurand.CURRENT_IMPORT
    register = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
    sampled = [
        SampledValue(value="494780", measurand=register, unit=UnitOfMeasure.WH),
        *(
            SampledValue(value=value, measurand=measurand, phase=phase, unit=amperes)
            for phase, value in ((Phase.L1, "15.9"), (Phase.L2, "15.8"), (Phase.L3, "0.0"))
        ),
        SampledValue(value="49.98", measurand=Measurand.FREQUENCY),
    ]
    request = MeterValues(connector_id=1, meter_value=[MeterValue(timestamp=NOON, sampled_value=sampled)])
    line = exchange_line(Exchange(True, request, Answered(1, MeterValuesResponse()), 0.001))
    assert line == (
        "-> MeterValues connectorId=1 "
        "meterValue=[12:00:07 494780 Wh, 15.9/15.8/0.0 A, 49.98 Frequency] | ok (1 ms)"
    )


def test_long_lists_are_counted():
    keys = [KeyValue(key=f"K{number}", readonly=True, value="1") for number in range(30)]
    answer = Answer(1, GetConfigurationResponse(configuration_key=keys))
    line = exchange_line(Exchange(False, GetConfiguration(key=["A", "B"]), answer, 0.0))
    assert line == "<- GetConfiguration key=[A, B] | configurationKey=[30 items]"


def test_what_went_wrong_is_said():
    request = SendLocalList(list_version=1, update_type=UpdateType.FULL)
    refused = Exchange(False, request, Refuse(1, ErrorCode.NOT_SUPPORTED, "no"), 0.0)
    assert exchange_line(refused).endswith("| CALLERROR NotSupported: no")
    silent = Exchange(False, request, StaySilent(1), 0.0)
    assert exchange_line(silent).endswith("| left unanswered, the station is not accepted")
    failed = Exchange(True, Heartbeat(), Failed(1, Failure.TIMEOUT, "no answer in 30 s"), 30.0)
    assert exchange_line(failed) == "-> Heartbeat | timeout: no answer in 30 s"
    lost = Exchange(True, Heartbeat(), Failed(1, Failure.LOST), 30.0)
    assert exchange_line(lost) == "-> Heartbeat | connection lost"
    assert all(map(is_trouble, (refused, silent, failed, lost)))


def test_notice_names_its_connector():
    assert notice_line(Notice(Matter.STATUS, "cable released", 2)) == "connector 2: cable released"
    assert notice_line(Notice(Matter.REGISTRATION, "accepted")) == "accepted"


async def test_status_tells_station_and_connectors():
    station = SimulatedStation("ws://127.0.0.1:9/ocpp", "CP1", StationOptions(connectors=2))
    first, one, two = view_lines(station.view())
    assert first == "CP1: not connected, off"
    assert one.startswith("  connector 1  Available")
    assert two.startswith("  connector 2  Available")


def test_password_of_a_file_server_is_not_printed():
    request = GetDiagnostics(location="ftp://user:secret@files.example/up/")
    line = exchange_line(Exchange(False, request, Answer(1, GetDiagnosticsResponse()), 0.0))
    assert line == "<- GetDiagnostics location=ftp://user:***@files.example/up/ | ok"


def test_files_under_way_are_shown_with_their_progress():
    view = SimulatedStation("ws://127.0.0.1:1/ocpp", "CP1", StationOptions()).view()
    busy = msgspec.structs.replace(view, transfers=(TransferView("firmware", 250_000, 1_000_000),))
    assert "  firmware  [#####...............] 25 %, 250 of 1000 kB" in view_lines(busy)
