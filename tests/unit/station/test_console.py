"""What people type at the prompt of a station."""

import pytest

from voltline.messages import ChargePointErrorCode, Reason
from voltline.station.simulator.actions import (
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
from voltline.station.simulator.console import _VERBS, HELP, Misunderstood, actions_of

TAG = "CARD"


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("plug", PlugIn(1)),
        ("PLUG 2", PlugIn(2)),
        ("unplug 2", Unplug(2)),
        ("tag", Present(TAG)),
        ("tag 04A1", Present("04A1")),
        ("tag 04A1 2", Present("04A1", 2)),
        ("start", StartCharging(TAG, 1)),
        ("start 2", StartCharging(TAG, 2)),
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
    assert actions_of(line, TAG) == (action,)


def test_empty_line_asks_for_nothing():
    assert actions_of("   ", TAG) == ()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("plugg", "no command is called 'plugg'; 'help' lists them"),
        ("plug one", "'one' is no connector: expected a number, as in 'plug 1'"),
        ("plug 1 2", "'plug' takes one connector, not '1 2'"),
        ("fault", "'fault' needs an error code"),
        ("fault Broken", "no error code is called 'Broken'; there are ConnectorLockFailure"),
        ("stop Because", "no reason is called 'Because'; there are EmergencyStop"),
        ("stop Local Other", "'stop' takes one reason"),
        ("offline now", "'offline' takes nothing after it"),
        ("set", "'set' needs a key and a value"),
        ("tag A B", "'B' is no connector"),
    ],
)
def test_line_that_is_none_is_answered_with_what_would_be(line: str, text: str):
    with pytest.raises(Misunderstood) as caught:
        actions_of(line, TAG)
    assert text in str(caught.value)


def test_help_names_every_command():
    named = {word.strip(",") for line in HELP.splitlines() for word in line.split()[:2]}
    assert set(_VERBS) | {"status", "help", "quit"} <= named
