"""`voltline station --view`: the whole station on one screen, with a prompt below."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from voltline.cli.terminal import LineEditor, without_echo
from voltline.station.core.transfers import progress_bar
from voltline.station.simulator.view import ConnectorView, StationView

REFRESH_S = 0.25
KEPT_LINES = 200
LEAST_LINES = 3
"""Of messages, however low the terminal is."""
HINTS = (
    "plug · unplug · tag TAG · start · stop · fault CODE · clear · offline · online · set KEY VALUE · help"
)

_STATUS_STYLES = {
    "Available": "green",
    "Charging": "bold cyan",
    "Faulted": "bold red",
    "Unavailable": "red",
    "Reserved": "magenta",
}
_BAR = 10


class ScreenTerminal:
    """Shows a station on the whole screen; what is printed scrolls in it. Used as a `Terminal` is."""

    interactive = True

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._console = Console()
        self._lines: deque[Text] = deque(maxlen=KEPT_LINES)
        self._editor = LineEditor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._live: Live | None = None
        self._restore: Callable[[], None] | None = None
        self._heard: Callable[[str | None], None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self.view: Callable[[], StationView] | None = None
        """Where the station is seen; set it before `listen`."""

    def print(self, text: str, style: str = "") -> None:
        """Add lines to those that scroll."""
        self._lines += [Text(line, style=style) for line in text.splitlines() or [""]]
        if self._live is None:
            self._console.print(Text(text, style=style))

    def listen(self, heard: Callable[[str | None], None]) -> None:
        """Show the screen, and call `heard` with every line typed; with None at its end (ctrl-D)."""
        self._heard = heard
        self._restore = without_echo(sys.stdin.fileno())
        self._live = Live(self._screen(), console=self._console, auto_refresh=False, screen=True)
        self._live.start()
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), self._keys)
        self._refreshing = loop.create_task(self._refresh())

    def close(self) -> None:
        """Give the terminal back as it was, with the last lines on it."""
        if self._live is None or self._restore is None:
            return
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        if self._refreshing is not None:
            self._refreshing.cancel()
        self._live.stop()
        self._live = None
        self._restore()
        for line in list(self._lines)[-LEAST_LINES:]:
            self._console.print(line)

    async def _refresh(self) -> None:
        while True:
            self._draw()
            await asyncio.sleep(REFRESH_S)

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._screen(), refresh=True)

    def _screen(self) -> RenderableType:
        view = self.view() if self.view is not None else None
        typed = f"{self._prompt}{self._editor.text}"
        return screen(view, list(self._lines), typed, self._console.height)

    def _keys(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        for line in self._editor.feed(self._decoder.decode(data)) if data else [None]:
            if line:
                self.print(f"{self._prompt}{line}", "dim")
            if self._heard is not None:
                self._heard(line)
        self._draw()


def screen(view: StationView | None, lines: Sequence[Text], typed: str, height: int) -> RenderableType:
    """The whole screen: the station, its connectors, the last lines, hints and what is being typed."""
    parts: list[RenderableType] = []
    used = 5  # the frame around the lines, the hints, the prompt, and one to spare
    if view is not None:
        parts += [_station(view), _connectors(view)]
        used += 3 + len(view.transfers) + 3 + len(view.connectors) + 1
    room = max(height - used, LEAST_LINES)
    shown = [_cut(line) for line in lines[-room:]]
    shown += [Text()] * (room - len(shown))
    parts.append(Panel(Group(*shown), title="messages", title_align="left", border_style="dim"))
    parts.append(Text(HINTS, style="dim", no_wrap=True, overflow="ellipsis"))
    parts.append(Text(f"{typed}█", no_wrap=True))
    return Group(*parts)


def _station(view: StationView) -> RenderableType:
    link = Text("connected", "green") if view.linked else Text("not connected", "bold red")
    queued = f"{view.queued} in the queue"
    facts = Text("  ").join(
        [
            link,
            Text(view.standing.value, "green" if view.online else "yellow"),
            Text(str(view.status), _STATUS_STYLES.get(view.status, "")),
            Text(f"{view.power_w / 1000:.1f} kW", "cyan" if view.power_w else ""),
            Text(queued, "yellow" if view.queued else "dim"),
        ]
    )
    if view.error_code != "NoError":
        facts.append(f"  {view.error_code}", "bold red")
    for transfer in view.transfers:
        bar = progress_bar(transfer.done_bytes, transfer.total_bytes)
        facts.append(f"\n{transfer.subject}: {bar}", "cyan")
    now = f"{datetime.now().astimezone():%H:%M:%S}"
    return Panel(facts, title=view.identity, subtitle=now, title_align="left", subtitle_align="right")


def _connectors(view: StationView) -> RenderableType:
    table = Table(expand=True, box=None, header_style="bold", padding=(0, 1))
    for heading, right in (
        ("connector", False),
        ("status", False),
        ("car", False),
        ("power", True),
        ("limit", True),
        ("meter", True),
        ("energy", True),
        ("transaction", False),
    ):
        table.add_column(heading, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    for connector in view.connectors:
        table.add_row(*_row(connector))
    return Panel(table, border_style="dim")


def _row(view: ConnectorView) -> list[RenderableType]:
    status = Text(str(view.status), _STATUS_STYLES.get(view.status, "yellow"))
    if view.error_code != "NoError":
        status.append(f" {view.error_code}", "red")
    transaction = "-"
    if view.id_tag is not None:
        number = "not yet answered" if view.transaction_id is None else str(view.transaction_id)
        transaction = f"{number} of {view.id_tag}"
    elif view.reserved_for is not None:
        transaction = f"for {view.reserved_for}"
    return [
        Text(str(view.connector_id)),
        status,
        _car(view),
        Text(f"{view.power_w / 1000:.2f} kW", "cyan" if view.power_w else "dim"),
        Text(f"{view.limit_a:.1f} A"),
        Text(f"{view.register_wh / 1000:.3f} kWh"),
        Text(f"{view.energy_wh / 1000:.3f} kWh"),
        Text(transaction),
    ]


def _car(view: ConnectorView) -> Text:
    if not view.plugged or view.soc_percent is None:
        return Text("locked cable" if view.locked else "-", "dim")
    full = round(view.soc_percent / 100 * _BAR)
    text = Text("█" * full, "green")
    text.append("░" * (_BAR - full), "dim")
    text.append(f" {view.soc_percent:.0f} %{' locked' if view.locked else ''}")
    return text


def _cut(line: Text) -> Text:
    line = line.copy()
    line.no_wrap = True
    line.overflow = "ellipsis"
    return line
