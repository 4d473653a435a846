"""What people type at the prompt of a station."""

import pytest

from voltline.messages import ChargePointErrorCode, Reason
from voltline.station.simulator.actions import (
    VERBS,
    ClearFault,
    Configure,
    GoOffline,
    GoOnline,
    PlugIn,
    Present,
    PressStop,
    RaiseFault,
    StartCharging,
    Unplug,
)
from voltline.station.simulator.console import HELP, Misunderstood, action_of, help_of


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("plug", PlugIn(1)),
        ("PLUG 2", PlugIn(2)),
        ("unplug 2", Unplug(2)),
        ("plug 2 40 80.5", PlugIn(2, 40, 80.5)),
        ("plug soc_percent=40", PlugIn(1, 40)),
        ("tag", Present()),
        ("tag 2", Present(None, 2)),
        ("tag 04A1", Present("04A1")),
        ("tag 04A1 2", Present("04A1", 2)),
        ("start", StartCharging(None, 1)),
        ("start 2", StartCharging(None, 2)),
        ("start 04A1", StartCharging("04A1", 1)),
        ("start 04A1 2", StartCharging("04A1", 2)),
        ("stop", PressStop(1)),
        ("stop 2 emergencystop", PressStop(2, Reason.EMERGENCY_STOP)),
        ("fault groundfailure", RaiseFault(ChargePointErrorCode.GROUND_FAILURE, 1)),
        ("fault GroundFailure 0", RaiseFault(ChargePointErrorCode.GROUND_FAILURE, 0)),
        ("clear 2", ClearFault(2)),
        ("offline", GoOffline()),
        ("online", GoOnline()),
        ("set MeterValuesSampledData Voltage, SoC", Configure("MeterValuesSampledData", "Voltage, SoC")),
        ("set StopTxnSampledData", Configure("StopTxnSampledData", "")),
    ],
)
def test_line_is_understood(line: str, action: object):
    assert action_of(line) == action


def test_empty_line_asks_for_nothing():
    assert action_of("   ") is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("plugg", "no command is called 'plugg'; 'help' lists them"),
        ("plug one", "'one' is no connector: expected a number, as in 'plug [N] [SOC_PERCENT]"),
        ("plug 0", "'plug': connector_id: expected `int` >= 1"),
        ("plug 1 101", "'plug': soc_percent: expected `float` <= 100.0"),
        ("plug car=red", "'car=red' is no connector"),
        ("unplug 1 2", "nothing can be done with '2': expected 'unplug [N]'"),
        ("fault", "'fault' needs its error code: An error code such as GroundFailure."),
        ("fault Broken", "no error code is called 'Broken'; there are ConnectorLockFailure"),
        ("stop Because", "no reason is called 'Because'; there are EmergencyStop"),
        ("stop Local Other", "'Other' is no connector: expected a number, as in 'stop [N] [REASON]'"),
        ("offline now", "nothing can be done with 'now': expected 'offline'"),
        ("set", "'set' needs its key: The key, as in HeartbeatInterval."),
        ("tag A B", "'B' is no connector"),
    ],
)
def test_line_that_is_none_is_answered_with_what_would_be(line: str, text: str):
    with pytest.raises(Misunderstood) as caught:
        action_of(line)
    assert text in str(caught.value)


def test_help_names_every_command():
    named = {line.split()[0] for line in HELP.splitlines()}
    assert set(VERBS) | {"status", "help", "quit"} <= named


def test_help_of_a_command_names_its_arguments_and_what_they_may_be():
    lines = help_of("STOP").splitlines()
    assert lines[0] == "stop [N] [REASON]  End the transaction at the station."
    assert "Number of the connector, from 1. [1]" in lines[1]
    assert "[Local]" in lines[2]
    assert "EmergencyStop, EVDisconnected" in lines[3]
    with pytest.raises(Misunderstood, match="no command is called 'plugg'"):
        help_of("plugg")
