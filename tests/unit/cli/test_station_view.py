"""`voltline station --view`: what its screen shows."""

from rich.console import Console
from rich.text import Text

from voltline.cli.station_view import HINTS, screen
from voltline.messages import ChargePointErrorCode, ChargePointStatus
from voltline.station.core.registration import Standing
from voltline.station.simulator.actions import VERBS
from voltline.station.simulator.view import ConnectorView, StationView

CHARGING = ConnectorView(
    connector_id=1,
    status=ChargePointStatus.CHARGING,
    plugged=True,
    wants_energy=True,
    locked=True,
    id_tag="04A1",
    transaction_id=101,
    energy_wh=1234,
    register_wh=505_013,
    power_w=11_040.0,
    soc_percent=55.4,
    limit_a=16.0,
)
BROKEN = ConnectorView(
    connector_id=2,
    status=ChargePointStatus.FAULTED,
    error_code=ChargePointErrorCode.GROUND_FAILURE,
    register_wh=7,
    limit_a=16.0,
)
STATION = StationView(
    identity="CP7", linked=False, standing=Standing.ACCEPTED, queued=3, connectors=(CHARGING, BROKEN)
)


def drawn(lines: list[Text], typed: str = "CP7> ", height: int = 24, width: int = 120) -> list[str]:
    console = Console(width=width, height=height, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(screen(STATION, lines, typed, height))
    return capture.get().splitlines()


def test_screen_shows_station_and_connectors():
    text = "\n".join(drawn([]))
    for part in ("CP7", "not connected", "3 in the queue", "11.0 kW"):
        assert part in text
    charging = next(line for line in text.splitlines() if "Charging" in line)
    for part in ("55 % locked", "11.04 kW", "16.0 A", "505.013 kWh", "1.234 kWh", "101 of 04A1"):
        assert part in charging
    assert "Faulted GroundFailure" in text


def test_screen_keeps_to_the_height_of_the_terminal_with_the_newest_lines():
    for height in (20, 24, 50):
        shown = drawn([Text(f"line {n} {'x' * 300}") for n in range(100)], "CP7> plug", height)
        assert len(shown) <= height
        assert any("line 99" in line for line in shown)
        assert shown[-1].startswith("CP7> plug")


def test_hints_name_verbs_that_there_are():
    hinted = {hint.split()[0] for hint in HINTS.split(" · ")}
    assert hinted <= {*VERBS, "help"}
