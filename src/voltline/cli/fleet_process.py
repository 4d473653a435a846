"""A fleet at a terminal: its processes, its progress, its end and its report."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import resource
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Protocol

import msgspec
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from voltline.base import garbage
from voltline.cli.shared import stop_on_signals
from voltline.station.simulator.fleet.fleet import Fleet, FleetOptions
from voltline.station.simulator.fleet.page import page
from voltline.station.simulator.fleet.report import Report, report_of
from voltline.station.simulator.fleet.tally import Sample, Tally, sample, total

PERIOD_S = 1.0
LINE_PERIOD_S = 5.0
"""Between two lines where there is no terminal."""
END_WAIT_S = 60.0
"""How long the processes may take to end their transactions."""


class Plan(msgspec.Struct, frozen=True):
    """A run: what, how long (None: until it is told to stop), and where the report goes."""

    options: FleetOptions
    duration_s: float | None
    reports: tuple[Path, ...]


def run(plan: Plan) -> int:
    """Run the fleet until it is told to stop; gives the exit code.

    Raises:
        ValueError: the URL, an identity, a make or a configuration key cannot be.
    """
    return _in_loop(_run(plan))


def _in_loop(work: Coroutine[Any, Any, int]) -> int:
    _allow_sockets()
    logging.getLogger("voltline").setLevel(logging.CRITICAL)  # what goes wrong is counted
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


def _allow_sockets() -> None:
    """As many open files as the system lets this user have."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(plan: Plan) -> int:
    console = Console(highlight=False)
    Fleet(plan.options)  # what cannot be is told before any process is started
    _check_sockets(plan.options)
    stop = stop_on_signals()
    crew: _Crew = _Here(plan.options) if plan.options.processes == 1 else _Processes(plan.options)
    began, clock = datetime.now(UTC), time.monotonic()
    samples: list[Sample] = []
    most_rss = 0
    complaint = _LastComplaint()
    await crew.start()
    with _Progress(plan, console) as progress:
        before, before_at = crew.tally(), clock
        while not (stop.is_set() or crew.broken or _is_over(plan, time.monotonic() - clock)):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PERIOD_S)
            now, now_at = crew.tally(), time.monotonic()
            samples.append(sample(now_at - clock, now_at - before_at, before, now))
            most_rss = max(most_rss, now.rss_bytes)
            progress.show(samples[-1], now)
            before, before_at = now, now_at
        seconds = time.monotonic() - clock
        progress.say("Stopping: transactions are ended, and what is queued is delivered.")
        await crew.stop()
    end = crew.tally()
    report = report_of(
        plan.options,
        began=began,
        seconds=seconds,
        end=end,
        samples=samples,
        most_rss_bytes=max(most_rss, end.rss_bytes),
    )
    _write(plan, report, console)
    if not any(one.connected for one in samples):
        text = f"[red]No station was connected at any time.[/red] {escape(complaint.text)}".rstrip()
        console.print(text, soft_wrap=True)
        return 1
    if crew.broken:
        console.print(
            "[red]A process of the fleet ended by itself; the figures are those of the others.[/red]"
        )
    return 1 if report.undelivered or report.given_up_messages or crew.broken else 0


class _LastComplaint(logging.Handler):
    """Remembers why a connection failed last, where a line for every station would be too many."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: logging.LogRecord | None = None
        log = logging.getLogger("voltline.transport")
        log.setLevel(logging.WARNING)
        log.propagate = False
        log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._last = record

    @property
    def text(self) -> str:
        """Empty while there was none, or in another process."""
        return "" if self._last is None else self._last.getMessage()


def _is_over(plan: Plan, passed_s: float) -> bool:
    return plan.duration_s is not None and passed_s >= plan.duration_s


def _check_sockets(options: FleetOptions) -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = -(-options.count // options.processes) + 64
    if needed > limit:
        raise ValueError(
            f"{options.count} stations in {options.processes} process(es) need {needed} open files each, and "
            f"this user may have {limit}: raise it by 'ulimit -n', or take more --processes"
        )


def _write(plan: Plan, report: Report, console: Console) -> None:
    latency = report.latency
    console.print(
        f"{report.answered:,} requests answered in {report.seconds:,.0f} s ({report.mean_rate:,.0f}/s), "
        f"p50 {_ms(latency.p50_ms)}, p99 {_ms(latency.p99_ms)}; {sum(report.errors.values()):,} errors; "
        f"{report.started:,} transactions begun, {report.stopped:,} ended, "
        f"{report.energy_wh / 1000:,.3f} kWh; "
        f"{report.undelivered:,} messages undelivered",
        soft_wrap=True,
    )
    if lost := report.undelivered + report.given_up_messages:
        console.print(f"[red]{lost:,} transaction messages were not delivered.[/red]")
    for path in plan.reports:
        path.write_bytes(report.to_json() if path.suffix == ".json" else page(report).encode())
        console.print(f"Report: {path}", soft_wrap=True)


# ---- those who run the stations


class _Crew(Protocol):
    broken: bool
    """Not all of it works any more."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def tally(self) -> Tally: ...


class _Here:
    """All stations in this process."""

    broken = False

    def __init__(self, options: FleetOptions) -> None:
        self._fleet = Fleet(options)

    async def start(self) -> None:
        garbage.search_seldom(generations=(50, 1000))
        self._fleet.start()

    async def stop(self) -> None:
        await self._fleet.stop()

    def tally(self) -> Tally:
        return self._fleet.tally()


class _Processes:
    """The stations shared among processes, which report through pipes."""

    def __init__(self, options: FleetOptions) -> None:
        self._options = options
        self._tallies: dict[int, Tally] = {}
        self._pipes: dict[int, Pipe] = {}
        self._ended = asyncio.Event()
        self._stopping = False
        self.broken = False
        self._workers: list[multiprocessing.process.BaseProcess] = []

    async def start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        loop = asyncio.get_running_loop()
        for number in range(self._options.processes):
            ours, theirs = spawn.Pipe()
            worker = spawn.Process(target=_work, args=(self._options, number, theirs))
            worker.start()
            theirs.close()
            self._workers.append(worker)
            self._pipes[number] = ours
            loop.add_reader(ours.fileno(), self._heard, number)

    def _heard(self, number: int) -> None:
        pipe = self._pipes[number]
        try:
            while pipe.poll():
                self._tallies[number] = msgspec.msgpack.decode(pipe.recv_bytes(), type=Tally)
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            pipe.close()
            del self._pipes[number]
            self.broken = self.broken or not self._stopping
            if not self._pipes:
                self._ended.set()

    async def stop(self) -> None:
        self._stopping = True
        for pipe in self._pipes.values():
            with suppress(OSError):
                pipe.send_bytes(b"stop")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), END_WAIT_S)
        for worker in self._workers:
            worker.kill()
            worker.join()

    def tally(self) -> Tally:
        return total(self._tallies.values())


def _work(options: FleetOptions, number: int, pipe: Pipe) -> None:
    """One process of a fleet, until it is told to stop or its parent is gone."""
    # Ctrl-C goes to all; the parent says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _in_loop(_serve(options, number, pipe))


async def _serve(options: FleetOptions, number: int, pipe: Pipe) -> int:
    fleet = Fleet(options, number)
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), told.set)
    garbage.search_seldom(generations=(50, 1000))
    fleet.start()
    while not told.is_set():
        pipe.send_bytes(msgspec.msgpack.encode(fleet.tally()))
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), PERIOD_S)
    asyncio.get_running_loop().remove_reader(pipe.fileno())
    try:
        pipe.recv_bytes()
    except (EOFError, OSError):
        return 1  # nobody is there to report to
    await fleet.stop()
    pipe.send_bytes(msgspec.msgpack.encode(fleet.tally()))
    pipe.close()
    return 0


# ---- what is seen meanwhile


class _Progress:
    """A live table on a terminal, a line every few seconds elsewhere."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._next_line_s = 0.0

    def __enter__(self) -> _Progress:
        options = self._plan.options
        self.say(
            f"{options.count:,} stations, profile {options.profile.name}, connect to {options.endpoint}; "
            "ctrl-C ends it"
        )
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def show(self, now: Sample, tally: Tally) -> None:
        rows = self._rows(now, tally)
        if self._live is not None:
            table = Table(show_header=False, box=None)
            for name, value in rows.items():
                table.add_row(name, value)
            self._live.update(table, refresh=True)
        elif now.at_s >= self._next_line_s:
            self._next_line_s = now.at_s + LINE_PERIOD_S - PERIOD_S / 2
            self.say("  ".join(f"{name} {value}" for name, value in rows.items()))

    def _rows(self, now: Sample, tally: Tally) -> dict[str, str]:
        return {
            "time": f"{now.at_s:,.0f} s",
            "connected": f"{now.connected:,} of {self._plan.options.count:,}",
            "charging": f"{now.charging:,}",
            "messages/s": f"{now.rate:,.0f}",
            "latency": f"p50 {_ms(now.p50_ms)}, p95 {_ms(now.p95_ms)}, p99 {_ms(now.p99_ms)}",
            "errors": f"{tally.failed:,}",
            "queued": f"{now.queued:,}",
            "processor": f"{now.cpu:.0%}, {tally.rss_bytes / 1024 / 1024:,.0f} MiB",
        }


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g} ms"
