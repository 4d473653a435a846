"""Group E: lines of a Delta AC MAX's own log."""

import pytest
from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.detectors.e01_delta_counted_lines import Settings
from voltline.inspection.findings import Severity, Who

SYSLOG = "Mar  1 08:00:00.123 OpenWrt user.info InfraMgmt[2354]: "


def lines(text: str, count: int = 1, log: Log | None = None) -> Log:
    log = log or Log()
    for _ in range(count):
        log.later(30).note(SYSLOG + text)
    return log


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("[RFID] RYRR20I no response", 100),
        ("[MCU] Send Command 0x12 False", 5),
        ("[Infra] Backend connection fail", 5),
        ("[Infra] Load_Mgmt_Comm error", 5),
        ("[SelfTest] relay NG", 10),
        ("[IsTxCmdOK] Time out", 20),
        ("[OCPP16J] CS Cmd busy", 5),
        ("SetChargingProfileConf process time out", 0),
        ("[IntComm] AC output OCP", 0),
    ],
)
def test_e01_tells_lines_that_keep_coming_and_not_a_few(text: str, above: int) -> None:
    assert lines(text, above).found("E01") == []
    (finding,) = lines(text, above + 1).found("E01")
    assert (finding.severity, finding.count) == (Severity.WARNING, above + 1)


def test_e01_a_power_board_that_never_obeys_is_an_error() -> None:
    (finding,) = lines("[MCU] Send Command 0x12 False", 101).found("E01")
    assert finding.severity is Severity.ERROR


def test_e01_thresholds_are_settings() -> None:
    assert len(lines("[SelfTest] relay NG", 3).found("E01", Settings(ng_above=2))) == 1


def test_e01_does_not_read_ng_into_words() -> None:
    assert lines("charging ongoing, RANGE ok", 50).found("E01") == []


def test_e02_tells_each_code_with_what_is_known_of_it() -> None:
    log = lines("[Alarm] EV0106 raised", log=lines("[Alarm] EV0086", log=lines("[Alarm] EV0119")))
    assert [one.title for one in log.found("E02")] == [
        "Phase fault (EV0106)",
        "Residual current self-test failed, locked out (EV0086)",
        "Error of a Delta AC MAX: EV0119",
    ]


def test_e02_does_not_take_a_recovery_a_tester_or_another_number_for_a_fault() -> None:
    assert lines("[Alarm] EV0106 recovered 0x11002").found("E02") == []
    (finding,) = lines("[Alarm] EV0091 State D").found("E02")
    assert finding.severity is Severity.INFO
    assert lines("[Alarm] EV0127 and EV00811").found("E02") == []


def test_e03_tells_restarts_and_many_as_a_warning() -> None:
    (finding,) = lines("syslogd started: BusyBox v1.19").found("E03")
    assert finding.severity is Severity.INFO
    (finding,) = lines("syslogd started: BusyBox v1.19", 3).found("E03")
    assert finding.severity is Severity.WARNING


def test_e03_tells_a_clock_that_started_over() -> None:
    log = lines("up", log=Log().at(40 * 86400))
    (finding,) = lines("up", log=log.at(0)).found("E03")
    assert finding.title == "Clock of the Delta AC MAX started over"


def test_e03_tells_a_system_log_that_stopped_but_not_a_log_without_one() -> None:
    log = lines("up")
    for _ in range(30):
        log.later(3600).heartbeat()
    (finding,) = log.found("E03")
    assert finding.title == "System log of the Delta AC MAX stopped"
    log = Log()
    for _ in range(30):
        log.later(3600).heartbeat()
    assert log.found("E03") == []


PROFILE = "[Info][OCPP16J]CommandParsing:SetChargingProfile,connectorId=1,chargingRateUnit=A,limit="


def test_e04_tells_a_tenth_of_an_ampere() -> None:
    (finding,) = lines(PROFILE + "0.100000,numberPhases=-1").found("E04")
    assert (finding.title, finding.who) == ("Limit of next to nothing", Who.BACK_END)
    assert lines(PROFILE + "0.000000").found("E04") == []
    assert lines(PROFILE + "16.000000").found("E04") == []


def test_e04_tells_no_power_and_modbus_limits_of_zero() -> None:
    assert len(lines("[Power] LIMIT_toNoPower EV0103").found("E04")) == 1
    assert len(lines("[Modbus] write 40204 = 0").found("E04")) == 1
    assert lines("[Modbus] write 40204 = 160").found("E04") == []
    assert lines("[Modbus] write 140204 = 0").found("E04") == []
