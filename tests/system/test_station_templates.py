"""`voltline station --template`, `--templates` and `--speed`, as a user starts them."""

import sys
from datetime import timedelta
from pathlib import Path
from subprocess import run

import pytest
from tests.system.small_central import SmallCentral
from tests.system.test_station_process import Start, central, start

from voltline.messages import BootNotification, MeterValues, StartTransaction

__all__ = ["central", "start"]

VOLTLINE = Path(sys.executable).with_name("voltline")


async def test_options_beside_a_template_change_single_things(central: SmallCentral, start: Start):
    await start(central.url, "--template", "delta-ac-max", "--firmware", "01.26.30")
    boot = await central.heard(BootNotification)
    assert boot.charge_point_vendor == "Delta Electronics"
    assert (boot.charge_point_model, boot.firmware_version) == ("AC MAX", "01.26.30")


async def test_hour_of_charging_takes_seconds_when_time_runs_faster(central: SmallCentral, start: Start):
    keys = ("--set", "MeterValueSampleInterval=900")
    await start(central.url, "--template", "ac-11", "--speed", "1800", "--auto", "--stay", "36000", *keys)
    began = await central.heard(StartTransaction)
    await central.heard(MeterValues, 2)
    first, second = central.of(MeterValues)[:2]
    assert second.meter_value[0].timestamp - first.meter_value[0].timestamp == pytest.approx(
        timedelta(seconds=900), abs=timedelta(seconds=120)
    )
    energy_wh = int(first.meter_value[0].sampled_value[0].value) - began.meter_start
    assert 500 < energy_wh < 3500


def test_templates_are_listed_and_a_wrong_name_is_met_with_the_right_one():
    listed = run([VOLTLINE, "station", "--templates"], capture_output=True, text=True, check=True)
    assert "delta-ac-max  Delta AC MAX, 22 kW, socket" in listed.stdout
    command = [VOLTLINE, "station", "ws://127.0.0.1:9/ocpp", "--template", "delta-max"]
    wrong = run(command, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "there is no template 'delta-max'. Did you mean delta-ac-max?" in wrong.stderr
    assert "Traceback" not in wrong.stderr
