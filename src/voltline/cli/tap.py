"""`voltline tap`: a recording proxy between charge points and their central system."""

from __future__ import annotations

import asyncio
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from voltline.cli.detector_options import Changed, Folders, Only, Without, setting_of
from voltline.cli.inspect_report import printable
from voltline.cli.shared import Authorities, ClientCertificate, ClientKey, stop_on_signals
from voltline.inspection.findings import Severity

if TYPE_CHECKING:
    from voltline.tap.live import LiveInspection
    from voltline.tap.proxy import Tap
    from voltline.tap.rules import Rules
    from voltline.tap.watch import Watch
    from voltline.transport.recorder import Recorder

MEGABYTE = 1024 * 1024
COUNT_EVERY_S = 1.0
"""How often the line of counts is made new."""
COUNTS = "counts"
"""In the place of a colour: the line below all others."""
MOST_LINES = 10_000
"""Lines that wait for a terminal; more are not shown."""
LAST_LINES_S = 2.0


class Unusable(TyperException):
    """What was asked for cannot be."""

    exit_code = 2


class CannotListen(TyperException):
    """Another program has the port, or the address is not this machine's."""

    exit_code = 1


def tap(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            help="The central system, without identities: ws://host/ocpp or wss://host/ocpp.",
        ),
    ],
    listen: Annotated[
        str,
        typer.Option(
            metavar="[ADDRESS:]PORT",
            help="Where charge points connect; 0.0.0.0:9001 for those of other machines.",
        ),
    ] = "127.0.0.1:9001",
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Record every frame there, a line each; voltline inspect reads it."
        ),
    ] = None,
    record_mb: Annotated[
        int, typer.Option("--record-mb", min=1, help="Megabytes of the recording before a new file is begun.")
    ] = 64,
    record_files: Annotated[
        int, typer.Option("--record-files", min=1, help="Files of the recording that are kept.")
    ] = 6,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Listen with TLS: this certificate and its chain (PEM)."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key, where that is another file (PEM).")
    ] = None,
    ca: Authorities = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Drop, delay, change, duplicate or answer frames as this YAML says."
        ),
    ] = None,
    frames: Annotated[bool, typer.Option("--frames", help="Show every frame.")] = False,
    least: Annotated[
        Severity, typer.Option("--min", help="Show findings from this severity on.")
    ] = Severity.INFO,
    inspect: Annotated[bool, typer.Option("--inspect/--no-inspect", help="Look for what is wrong.")] = True,
    only: Only = None,
    without: Without = None,
    changed: Changed = None,
    detectors: Folders = None,
) -> int:
    """Stand between charge points and their central system: record, inspect, pass everything on.

    A charge point that connects to ws://ADDRESS:PORT/CP1 is connected to URL/CP1, with its headers, password
    and subprotocols; what either side sends reaches the other byte for byte, and findings are shown as they
    come up. Nothing is changed unless --rules says so. Ctrl-C ends it.

        voltline tap --listen 0.0.0.0:9001 --to wss://backend.example/ocpp --record site.jsonl
    """
    from voltline.tap.proxy import InvalidAddress, Tap, central_url
    from voltline.tap.screen import Screen
    from voltline.tap.watch import Watch
    from voltline.transport.tls_contexts import InvalidTls, client_context, server_context

    host, port = _address(listen)
    if key is not None and cert is None:
        raise Unusable("--key is of no use without --cert")
    if client_key is not None and client_cert is None:
        raise Unusable("--client-key is of no use without --client-cert")
    terminal = _Terminal()
    try:
        url = central_url(to)
        if url.scheme == "ws" and (ca or client_cert):
            raise Unusable("--ca and --client-cert are of use with wss:// only")
        found = _rules(rules)
        live = _live(only, without, changed, detectors, least) if inspect else None
        near = server_context(cert, key) if cert is not None else None
        far = client_context(ca, client_cert, client_key) if url.scheme == "wss" else None
    except (InvalidAddress, InvalidTls) as fault:
        raise Unusable(str(fault)) from None
    recorder = _recorder(record, record_mb, record_files)
    watch = Watch(Screen(terminal.show, frames=frames), recorder, live)
    ways = Tap(url, watch, host=host, port=port, tls=near, far_tls=far, rules=found)
    return _in_loop(_run(ways, watch, terminal, f"{host}:{port}", to, record, found))


async def _run(
    ways: Tap,
    watch: Watch,
    terminal: _Terminal,
    address: str,
    to: str,
    record: Path | None,
    rules: Rules | None,
) -> int:
    from voltline.tap.screen import counted, summary

    stop = stop_on_signals()
    try:
        await ways.__aenter__()
    except OSError as fault:
        reason = os.strerror(fault.errno) if fault.errno and fault.errno > 0 else str(fault)
        raise CannotListen(f"cannot listen on {address}: {reason}; choose another with --listen") from None
    try:
        recording = f" recording={record}" if record is not None else ""
        terminal.show(f"voltline tap is ready ws={ways.url} to={to}{recording}", "")
        if rules is not None:
            names = ", ".join(one.name for one in rules.rules)
            terminal.show(f"Rules change what passes: {names}", "cyan")
        frames, began = 0, time.monotonic()
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), COUNT_EVERY_S)
            except TimeoutError:
                now, passed = time.monotonic(), watch.counts.frames
                terminal.count(counted(watch.counts, (passed - frames) / (now - began)))
                frames, began = passed, now
    finally:
        await ways.__aexit__(None, None, None)
    terminal.show(f"voltline tap has stopped: {counted(watch.counts)}", "")
    for line in summary(watch.findings):
        terminal.show(line, "")
    terminal.end()
    return 0


def _in_loop(work: Coroutine[Any, Any, int]) -> int:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


# ---- what was asked for


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise Unusable(f"--listen wants a port or ADDRESS:PORT, such as 9001 or 0.0.0.0:9001; not {text!r}")
    return (host.strip("[]") if colon else "127.0.0.1") or "127.0.0.1", int(port)


def _rules(file: Path | None) -> Rules | None:
    if file is None:
        return None
    from voltline.station.simulator.yaml_text import Unreadable
    from voltline.tap.rules_file import read_rules

    try:
        return read_rules(str(file), file.read_text())
    except (Unreadable, UnicodeDecodeError) as fault:
        raise Unusable(str(fault)) from None
    except OSError as fault:
        raise Unusable(f"{file}: {fault.strerror}") from None


def _live(
    only: list[str] | None,
    without: list[str] | None,
    changed: list[str] | None,
    folders: list[str] | None,
    least: Severity,
) -> LiveInspection:
    from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector, choose
    from voltline.tap.live import LiveInspection

    try:
        settings = [setting_of(one) for one in changed or ()]
        chosen = choose(only or (), without or (), folders or (), settings)
    except (UnknownDetector, InvalidSetting, InvalidDetector) as fault:
        raise Unusable(str(fault)) from None
    return LiveInspection(chosen.detectors, chosen.settings, least)


def _recorder(file: Path | None, megabytes: int, files: int) -> Recorder | None:
    if file is None:
        return None
    from voltline.transport.recorder import Recorder

    try:
        return Recorder(file, max_bytes=megabytes * MEGABYTE, keep=files - 1)
    except OSError as fault:
        raise Unusable(f"--record {file}: {fault.strerror}") from None


class _Terminal:
    """Lines, with the counts below them where somebody is looking.

    They are written by a thread: a terminal that is held (ctrl-S), or a pipe that nobody reads, must not hold
    what passes.
    """

    def __init__(self) -> None:
        self._below = sys.stdout.isatty()
        self._coloured = self._below and not os.environ.get("NO_COLOR")
        self._counts = ""
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(MOST_LINES)
        self._lost = 0
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def show(self, text: str, colour: str) -> None:
        """Print a line. What a charge point sent is shown, never acted on by the terminal."""
        try:
            self._waiting.put_nowait((text, colour))
        except queue.Full:
            self._lost += 1

    def count(self, text: str) -> None:
        """Show the counts anew."""
        if self._below and self._waiting.empty():
            self._waiting.put_nowait((text, COUNTS))

    def end(self) -> None:
        """Write what waits, for a while."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=LAST_LINES_S)
            self._writer.join(LAST_LINES_S)

    def _write(self) -> None:
        while (line := self._waiting.get()) is not None:
            text, colour = line
            if self._lost and self._waiting.empty():
                lost, self._lost = self._lost, 0
                self._put(f"{lost:,} lines were not shown: they came faster than they were read\n")
            erase = "\r\x1b[K" if self._counts else ""
            if colour == COUNTS:
                self._counts = text[: shutil.get_terminal_size().columns - 1]  # or it could not be taken back
                self._put(erase + self._counts)
            else:
                clean = printable(text)
                clean = typer.style(clean, fg=colour) if colour and self._coloured else clean
                self._put(f"{erase}{clean}\n{self._counts}")
        if self._counts:
            self._put("\r\x1b[K")

    def _put(self, text: str) -> None:
        rest = text.encode("utf-8", "replace")
        try:
            while rest:
                rest = rest[os.write(sys.stdout.fileno(), rest) :]
        except OSError:
            # Nobody reads any more. What passes still has to pass.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
