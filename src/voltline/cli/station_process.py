"""A simulated charge point at a terminal, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from pathlib import Path

import msgspec

from voltline.cli.shared import stop_on_signals
from voltline.cli.station_lines import exchange_line, is_trouble, notice_line, view_lines
from voltline.cli.station_view import ScreenTerminal
from voltline.cli.terminal import Terminal
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.core.intents import Notice
from voltline.station.device.listener import Exchange, Listener, Listeners
from voltline.station.device.storage import FolderStorage, MemoryStorage, Storage, folder_of
from voltline.station.simulator.console import HELP, Misunderstood, action_of, help_of
from voltline.station.simulator.control import Control
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.transport.client import connection_url
from voltline.transport.json_server import JsonServer


class Faces(msgspec.Struct, frozen=True, kw_only=True):
    """How the station can be seen and told what to do, beside its prompt."""

    control: tuple[str, int] | None = None
    """Host and port of the control API."""
    view: bool = False
    """The whole screen instead of lines, where there is one."""


NO_FACES = Faces()


def run(
    url: str,
    identity: str,
    options: StationOptions,
    password: str | None,
    faces: Faces = NO_FACES,
    data: Path | None = None,
) -> int:
    """Run the station until it is told to stop; gives the exit code.

    Raises:
        ValueError: the folder `data` cannot be used, or another station uses its own of it; the URL, the
            identity or an option is none; or nobody can listen at the control address.
    """
    connection_url(url, identity)  # before a folder is made for what cannot be
    folder = None if data is None else _folder(folder_of(data, identity))
    storage = folder or MemoryStorage()
    try:
        return asyncio.run(_run(url, identity, options, password, faces, storage))
    finally:
        if folder is not None:
            folder.close()


async def _run(
    url: str,
    identity: str,
    options: StationOptions,
    password: str | None,
    faces: Faces,
    storage: Storage,
) -> int:
    terminal = _terminal(f"{identity}> ", faces.view)
    listeners = Listeners(_Printing(terminal))
    simulated = SimulatedStation(
        url, identity, options, password=password, listener=listeners, storage=storage
    )
    if isinstance(terminal, ScreenTerminal):
        terminal.view = simulated.view
    log = _TerminalLog(terminal)
    logging.getLogger("voltline").addHandler(log)
    stop = stop_on_signals()
    console = _Console(simulated, terminal, stop)
    terminal.print(f"{identity} connects to {simulated.url}; type 'help' for what you can do")
    server = await _control(simulated, listeners, faces.control, stop)
    if server is not None:
        terminal.print(f"{identity} is controlled at {server.url}")
    terminal.listen(console.heard)
    try:
        await simulated.start()
        await stop.wait()
        await simulated.stop()
        if server is not None:
            await server.stop()
    finally:
        terminal.close()
        logging.getLogger("voltline").removeHandler(log)
    terminal.print(f"{identity} is off")
    return 0


def _folder(path: Path) -> FolderStorage:
    try:
        return FolderStorage(path)
    except OSError as error:
        reason = error if error.strerror is None else f"{path}: {error.strerror}"
        raise ValueError(f"--data cannot be used: {reason}") from None


def _terminal(prompt: str, view: bool) -> Terminal | ScreenTerminal:
    lines = Terminal(prompt)
    return ScreenTerminal(prompt) if view and lines.interactive else lines


async def _control(
    simulated: SimulatedStation, listeners: Listeners, address: tuple[str, int] | None, stop: asyncio.Event
) -> JsonServer | None:
    if address is None:
        return None
    control = Control(simulated, stop.set)
    listeners.add(control)
    host, port = address
    server = control.server(host, port)
    try:
        await server.start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"--control cannot listen on {host}:{port}: {reason}; choose another") from None
    return server


class _Console:
    """Does what is typed."""

    def __init__(
        self, simulated: SimulatedStation, terminal: Terminal | ScreenTerminal, stop: asyncio.Event
    ) -> None:
        self._station = simulated
        self._terminal = terminal
        self._stop = stop

    def heard(self, line: str | None) -> None:
        """Do what the line says; the end of the input ends an interactive station, and no other."""
        if line is None:
            if self._terminal.interactive:
                self._stop.set()
            return
        match line.strip().lower():
            case "quit" | "exit":
                self._stop.set()
            case "help" | "?":
                self._terminal.print(HELP)
            case "status":
                for shown in view_lines(self._station.view()):
                    self._terminal.print(shown)
            case _:
                try:
                    verb, _, about = line.strip().partition(" ")
                    if verb.lower() == "help":
                        self._terminal.print(help_of(about.strip()))
                    elif (action := action_of(line)) is not None:
                        self._station.perform(action)
                except (Misunderstood, ImpossibleHappening) as error:
                    self._terminal.print(str(error), "red")


class _Printing(Listener):
    """Prints every exchange, notice and change of the connection."""

    def __init__(self, terminal: Terminal | ScreenTerminal) -> None:
        self._terminal = terminal

    def exchanged(self, exchange: Exchange) -> None:
        style = "red" if is_trouble(exchange) else "" if exchange.own else "cyan"
        self._print(exchange_line(exchange), style)

    def noticed(self, notice: Notice) -> None:
        self._print(f"** {notice_line(notice)}", "bold")

    def linked(self, up: bool, text: str) -> None:
        self._print(f"== {'connected to' if up else 'disconnected:'} {text}", "green" if up else "yellow")

    def _print(self, text: str, style: str) -> None:
        self._terminal.print(f"{_clock()} {text}", style)


class _TerminalLog(logging.Handler):
    """The library's warnings, printed like everything else."""

    def __init__(self, terminal: Terminal | ScreenTerminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self._terminal.print(f"{_clock()} !! {record.getMessage()}", "yellow")


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"
