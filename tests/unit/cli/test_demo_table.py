"""What the demo shows: every connector that there is room for, and each change once."""

from io import StringIO

from rich.console import Console

from voltline.cli.demo_table import changes, live_table, summary
from voltline.messages import ChargePointErrorCode, ChargePointStatus
from voltline.station.core.registration import Standing
from voltline.station.simulator.view import ConnectorView, StationView


def connector(
    connector_id: int = 1,
    status: ChargePointStatus = ChargePointStatus.AVAILABLE,
    *,
    transaction_id: int | None = None,
    energy_wh: int = 0,
) -> ConnectorView:
    charging = transaction_id is not None
    return ConnectorView(
        connector_id=connector_id,
        status=status,
        error_code=ChargePointErrorCode.NO_ERROR,
        plugged=charging,
        locked=charging,
        wants_energy=charging,
        id_tag="04A2B601" if charging else None,
        transaction_id=transaction_id,
        energy_wh=energy_wh,
        register_wh=1_000_000 + energy_wh,
        power_w=11_000.0 if charging else 0.0,
        soc_percent=42.0 if charging else None,
    )


def station(*connectors: ConnectorView, identity: str = "DEMO-01", linked: bool = True) -> StationView:
    return StationView(
        identity=identity, linked=linked, standing=Standing.ACCEPTED, queued=0, connectors=connectors
    )


def shown(*views: StationView, width: int = 80, lines: int = 40) -> str:
    out = StringIO()
    table = live_table(views, "ws://127.0.0.1:9000/ocpp", "http://127.0.0.1:8080", "voltline-data", lines)
    Console(file=out, width=width).print(table)
    return out.getvalue()


CHARGING = connector(2, ChargePointStatus.CHARGING, transaction_id=17, energy_wh=2_340)


def test_a_charging_connector_is_shown_with_power_energy_and_transaction_on_80_columns() -> None:
    page = shown(station(connector(1), CHARGING))
    row = next(line for line in page.splitlines() if "Charging" in line)
    assert row.split() == [
        "DEMO-01",
        "2",
        "Charging",
        "11.0",
        "kW",
        "2.34",
        "kWh",
        "42",
        "%",
        "17",
        "04A2B601",
    ]
    assert "ws://127.0.0.1:9000/ocpp/<identity>" in page
    assert "http://127.0.0.1:8080" in page


def test_the_longest_status_fits_on_80_columns() -> None:
    page = shown(station(connector(1, ChargePointStatus.SUSPENDED_EVSE, transaction_id=123_456)))
    assert "SuspendedEVSE" in page
    assert "…" not in page


def test_a_station_without_its_connection_is_shown_offline() -> None:
    assert "offline" in shown(station(connector(), linked=False))


def test_a_terminal_too_small_for_all_says_how_many_are_left_out() -> None:
    views = [station(connector(), identity=f"DEMO-{number:02d}") for number in range(50)]
    page = shown(*views, lines=24)
    assert len(page.splitlines()) <= 24
    assert "... and 40 connectors more" in page


def test_all_stations_in_one_line() -> None:
    views = [station(connector(1), CHARGING), station(connector(), identity="DEMO-02", linked=False)]
    assert summary(views) == "1 of 2 online, 1 of 3 connectors charging, 11.0 kW, 2.34 kWh"


def test_only_what_changed_is_told() -> None:
    before = [station(connector(1), connector(2))]
    assert list(changes([], before)) == [
        "DEMO-01 is online",
        "DEMO-01 connector 1: Available",
        "DEMO-01 connector 2: Available",
    ]
    assert list(changes(before, before)) == []

    now = [station(connector(1), CHARGING)]
    assert list(changes(before, now)) == ["DEMO-01 connector 2: Charging, transaction 17 of 04A2B601"]
    over = [station(connector(1), connector(2, ChargePointStatus.FINISHING, energy_wh=2_400), linked=False)]
    assert list(changes(now, over)) == [
        "DEMO-01 is offline",
        "DEMO-01 connector 2: Finishing, transaction 17 ended with 2.40 kWh",
    ]
