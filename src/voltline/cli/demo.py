"""`voltline demo`, which `make run` starts: a central system and charge points in one process, to look at."""

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from typer.exceptions import TyperException

from voltline.central.app import CannotStart, Central
from voltline.central.logs import formatter
from voltline.central.settings import (
    DataSettings,
    HttpSettings,
    LogLevel,
    LogSettings,
    OcppSettings,
    Settings,
)
from voltline.cli.demo_table import changes, live_table, summary
from voltline.cli.shared import stop_on_signals
from voltline.station.core.hardware import Outlet
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.view import StationView
from voltline.station.simulator.visits import Rhythm

REFRESHES_A_SECOND = 4
LOOK_PERIOD_S = 1.0
SUMMARY_PERIOD_S = 10.0

# Quick enough that something happens while one looks; real drivers take hours.
_RHYTHM = Rhythm(first_pause_s=2.0, pause_s=20.0, stay_s=120.0, fumble_s=2.0)
_CONFIGURATION = (("MeterValueSampleInterval", "10"),)
_TAGS = tuple(f"04A2B6{number:02X}" for number in range(1, 17))
_MAKES: tuple[dict[str, Any], ...] = (
    {"model": "Twin 22", "connectors": 2, "power_w": 22_000.0},
    {"model": "Wall 11", "connectors": 1, "power_w": 11_000.0, "outlet": Outlet.TETHERED},
    {"model": "Home 7", "connectors": 1, "power_w": 7_400.0, "phases": 1},
)


class DemoFailed(TyperException):
    """The demo cannot be started; the text says why."""


def demo(
    stations: Annotated[
        int, typer.Option(metavar="N", min=0, max=1000, help="How many charge points to simulate.")
    ] = 5,
    ocpp_port: Annotated[
        int,
        typer.Option(metavar="PORT", min=0, max=65535, help="Port for charge points; 0 picks a free one."),
    ] = 9000,
    http_port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port of the REST API; 0 picks a free one.")
    ] = 8080,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the database and other files.")] = Path(
        "voltline-data"
    ),
) -> None:
    """Run a central system with simulated charge points, and watch them charge.

    Everything listens on 127.0.0.1 only. Cars come and go by themselves; what the charge points report is
    kept in DIR. On a terminal you see a live table, elsewhere a line for each change. Ctrl-C stops it all.
    """
    settings = Settings(
        ocpp=OcppSettings(port=ocpp_port),
        http=HttpSettings(port=http_port),
        data=DataSettings(directory=str(data)),
        log=LogSettings(level=LogLevel.WARNING),
    )
    asyncio.run(_demo(settings, stations))


async def _demo(settings: Settings, count: int) -> None:
    stop = stop_on_signals()
    console = Console()
    _log_to(console, settings.log)
    try:
        async with Central(settings) as central, _stations(central.ocpp_url, count) as stations:
            show = _show_table if console.is_terminal else _print_lines
            await show(console, central, stations, stop)
            console.print("Stopping: transactions are ended and stored first.")
        console.print("Stopped.")
    except CannotStart as error:
        raise DemoFailed(str(error)) from error


@asynccontextmanager
async def _stations(endpoint: str, count: int) -> AsyncIterator[list[SimulatedStation]]:
    stations = [
        SimulatedStation(
            endpoint,
            f"DEMO-{number + 1:02d}",
            StationOptions(
                **_MAKES[number % len(_MAKES)],
                id_tags=_TAGS,
                configuration=_CONFIGURATION,
                auto=_RHYTHM,
            ),
        )
        for number in range(count)
    ]
    try:
        for station in stations:
            await station.start()
        yield stations
    finally:
        await asyncio.gather(*(station.stop() for station in stations))


async def _show_table(
    console: Console, central: Central, stations: Sequence[SimulatedStation], stop: asyncio.Event
) -> None:
    data = str(central.settings.data.path)
    command = _command()

    def table() -> Any:
        views = [station.view() for station in stations]
        return live_table(views, central.ocpp_url, central.http_url, data, console.height, command)

    with Live(table(), console=console, auto_refresh=False, transient=True) as live:
        while not await _within(1 / REFRESHES_A_SECOND, stop):
            live.update(table(), refresh=True)


def _command() -> str:
    """What to type for `voltline` in this terminal: after `make run` it is not on the PATH."""
    return "voltline" if shutil.which("voltline") else os.path.relpath(sys.argv[0])


async def _print_lines(
    console: Console, central: Central, stations: Sequence[SimulatedStation], stop: asyncio.Event
) -> None:
    print(
        f"voltline demo is ready ocpp={central.ocpp_url} http={central.http_url} "
        f"data={central.settings.data.path.absolute()}",
        flush=True,
    )
    loop = asyncio.get_running_loop()
    before: list[StationView] = []
    next_summary = loop.time() + SUMMARY_PERIOD_S
    while not await _within(LOOK_PERIOD_S, stop):
        now = [station.view() for station in stations]
        lines = list(changes(before, now))
        before = now
        if loop.time() >= next_summary:
            next_summary += SUMMARY_PERIOD_S
            lines.append(summary(now))
        for line in lines:
            print(line, flush=True)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event came before so many seconds had passed."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _log_to(console: Console, settings: LogSettings) -> None:
    """Log above the table, where it does not tear it."""

    class Above(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            console.print(self.format(record), markup=False, highlight=False, soft_wrap=True)

    handler = Above()
    handler.setFormatter(formatter(settings.format))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
