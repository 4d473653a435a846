"""What the demo shows of its charge points: a table for a terminal, lines for everything else."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from voltline.messages import ChargePointStatus
from voltline.station.simulator.view import ConnectorView, StationView

_COLOURS = {
    ChargePointStatus.AVAILABLE: "green",
    ChargePointStatus.CHARGING: "bold cyan",
    ChargePointStatus.FAULTED: "bold red",
    ChargePointStatus.UNAVAILABLE: "red",
}
_LINES_AROUND = 14
"""Of the terminal, for all that is not a connector."""


def live_table(
    views: Sequence[StationView],
    ocpp_url: str,
    http_url: str,
    data: str,
    terminal_lines: int,
    command: str = "voltline",
) -> Group:
    """The addresses, every connector that there is room for, and what to do next (with `command`)."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("Station", "Conn.", "Status"):
        table.add_column(name, no_wrap=True)
    for name in ("Power", "Energy", "Battery", "Transaction"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Id tag", no_wrap=True)
    rows = [(view, connector) for view in views for connector in view.connectors]
    room = max(3, terminal_lines - _LINES_AROUND)
    for view, connector in rows[:room]:
        table.add_row(*_cells(view, connector))
    more = [Text(f"... and {len(rows) - room} connectors more", style="dim")] if len(rows) > room else []
    return Group(
        Text("Voltline demo", style="bold"),
        Text.assemble("  OCPP  ", (f"{ocpp_url}/<identity>", "cyan")),
        Text.assemble("  REST  ", (http_url, "cyan")),
        Text(""),
        table,
        *more,
        Text(""),
        Text(summary(views)),
        Text(f"What was answered is stored in {data}. In another terminal:", style="dim"),
        Text(f"  {command} station {ocpp_url} --id CP1", style="dim"),
        Text(f"  curl {http_url}/api/v1/transactions", style="dim"),
        Text("Ctrl-C stops it.", style="dim"),
    )


def _cells(view: StationView, connector: ConnectorView) -> Iterator[str | Text]:
    yield view.identity
    yield str(connector.connector_id)
    if view.online:
        yield Text(connector.status, style=_COLOURS.get(connector.status, "yellow"))
    else:
        yield Text("offline" if not view.linked else view.standing.value, style="red")
    charging = connector.id_tag is not None
    yield f"{connector.power_w / 1000:.1f} kW" if charging else ""
    yield f"{connector.energy_wh / 1000:.2f} kWh" if charging else ""
    yield "" if connector.soc_percent is None else f"{connector.soc_percent:.0f} %"
    yield "" if connector.transaction_id is None else str(connector.transaction_id)
    yield connector.id_tag or ""


def summary(views: Sequence[StationView]) -> str:
    """All stations in one line."""
    connectors = [connector for view in views for connector in view.connectors]
    charging = [connector for connector in connectors if connector.id_tag is not None]
    return (
        f"{sum(view.online for view in views)} of {len(views)} online, "
        f"{len(charging)} of {len(connectors)} connectors charging, "
        f"{sum(view.power_w for view in views) / 1000:.1f} kW, "
        f"{sum(connector.energy_wh for connector in charging) / 1000:.2f} kWh"
    )


def changes(before: Sequence[StationView], now: Sequence[StationView]) -> Iterator[str]:
    """A line for each station and connector that is in another state than before, for logs."""
    earlier = {view.identity: view for view in before}
    for view in now:
        old = earlier.get(view.identity)
        if old is None or old.online != view.online:
            yield f"{view.identity} is {'online' if view.online else 'offline'}"
        old_connectors = old.connectors if old is not None else (None,) * len(view.connectors)
        for was, connector in zip(old_connectors, view.connectors, strict=True):
            if was is None or (was.status, was.transaction_id) != (
                connector.status,
                connector.transaction_id,
            ):
                yield _change(view, was, connector)


def _change(view: StationView, was: ConnectorView | None, connector: ConnectorView) -> str:
    line = f"{view.identity} connector {connector.connector_id}: {connector.status}"
    if connector.transaction_id is not None:
        return f"{line}, transaction {connector.transaction_id} of {connector.id_tag}"
    if was is not None and was.transaction_id is not None:
        return f"{line}, transaction {was.transaction_id} ended with {connector.energy_wh / 1000:.2f} kWh"
    return line
