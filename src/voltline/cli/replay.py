"""`voltline replay`: a recorded charge point against a central system, and how its answers differ."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli.inspect_report import printable
from voltline.cli.layout import heading, output_width, table
from voltline.cli.shared import Authorities, ClientCertificate, ClientKey, StationPassword

if TYPE_CHECKING:
    from voltline.replay.playing import Played
    from voltline.replay.script import Recording

SAME, FAILED, DIFFERENT = 0, 1, 3
MOST_SHOWN = 200
"""Differences that the table shows; --format json has all."""
MOST_STATIONS = 12
"""Charge points that are told of one by one, though nothing about them is different."""
MANY = 20
"""Differences that are also counted by their kind."""
MOST_KINDS = 20
LONGEST_VALUE = 80


class Unusable(TyperException):
    """What was asked for cannot be."""

    exit_code = 2


class Failed(TyperException):
    """It could not be played."""

    exit_code = FAILED


def replay(
    recording: Annotated[
        list[str],
        typer.Argument(metavar="RECORDING...", help="Logs that voltline inspect reads; - is standard input."),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL", help="The central system, without identities: ws://127.0.0.1:9000/ocpp."
        ),
    ],
    station: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Play this charge point only; may be repeated. [all]"),
    ] = None,
    identity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[OLD=]NEW", help="Connect under another identity; OLD= where there are several."
        ),
    ] = None,
    password: StationPassword = None,
    speed: Annotated[
        str, typer.Option(metavar="FACTOR", help="1x as recorded, 10x faster, max as fast as it is answered.")
    ] = "1x",
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Leave times in payloads as recorded; else they become now.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How long an answer may take.")
    ] = 30.0,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD", help="A field that may differ: interval, or BootNotification.interval."
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("--format", help="text, for people, or json, for programs.", metavar="FORMAT")
    ] = "text",
    ca: Authorities = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> int:
    """Play recorded charge points against a central system, and compare its answers with the recorded ones.

    What a charge point sent is sent again, in order, each message once the answers are there that it came
    after, with new message ids, the transaction ids that this central system gives, and times moved to now.
    When it is called it answers as recorded. Ids and times in answers are not compared. Exit code: 0 all
    answers are the same; 3 some differ; 1 it could not connect; 2 wrongly called.

        voltline replay site.jsonl --to ws://127.0.0.1:9000/ocpp --speed max
    """
    from voltline.logbook.opening import Unreadable
    from voltline.replay.playing import CannotConnect, Options, play
    from voltline.replay.script import read_recording
    from voltline.transport.tls_contexts import InvalidTls, client_context

    if output not in ("text", "json"):
        raise Unusable(f"--format is text or json, not {output!r}")
    factor = _speed(speed)
    try:
        tls = client_context(ca, client_cert, client_key) if to.startswith("wss:") else None
        found = read_recording([one if one == "-" else Path(one) for one in recording])
    except (Unreadable, InvalidTls) as fault:
        raise Unusable(str(fault)) from None
    problems = [one.problem for one in found.coverages if one.problem]
    if problems:
        raise Failed("; ".join(problems))
    _choose(found, station or [])
    options = Options(
        url=to,
        password=password,
        tls=tls,
        speed=factor,
        keep_times=keep_times,
        timeout_s=timeout,
        ignore=tuple(ignore or ()),
        identities=_identities(found, identity or []),
    )
    show, done = _progress()
    try:
        played = asyncio.run(play(found, options, show))
    except CannotConnect as fault:
        done()
        raise Failed(str(fault)) from None
    except ValueError as fault:
        done()
        raise Unusable(str(fault)) from None
    done()
    if output == "json":
        sys.stdout.buffer.write(
            msgspec.json.format(msgspec.json.encode(_result(to, played)), indent=2) + b"\n"
        )
        sys.stdout.buffer.flush()
    else:
        for line in _report(played, output_width()):
            typer.echo(line)
    if any(one.failure for one in played):
        return FAILED
    return DIFFERENT if any(one.differences for one in played) else SAME


# ---- what was asked for


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1e9:
        raise Unusable(f"--speed is a factor such as 1x, 10x or 0.5x, or max; not {text!r}")
    return factor


def _choose(recording: Recording, wanted: list[str]) -> None:
    names = [one.station for one in recording.scripts]
    if not names:
        raise Unusable("nothing in the recording was sent by a charge point; voltline inspect says what is")
    unknown = [one for one in wanted if one not in names]
    if unknown:
        raise Unusable(f"no charge point {unknown[0]!r} is in the recording; there are {', '.join(names)}")
    if wanted:
        recording.scripts = [one for one in recording.scripts if one.station in wanted]


def _identities(recording: Recording, given: list[str]) -> dict[str, str]:
    names = [one.station for one in recording.scripts]
    found: dict[str, str] = {}
    for text in given:
        old, equals, new = text.partition("=")
        if equals and old in names:
            found[old] = new
        elif len(names) == 1 and len(given) == 1:
            found[names[0]] = text
        else:
            raise Unusable(
                f"--identity {text!r} does not say whose; there are {', '.join(names)}: give OLD=NEW"
            )
    return found


# ---- what is told


def _progress() -> tuple[Callable[[int, int], None] | None, Callable[[], None]]:
    """Shows how far it is, where somebody is looking; and takes that away again."""
    if not sys.stderr.isatty():
        return None, lambda: None
    shown = 0.0

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = monotonic()
        if now - shown >= 0.1 or done == total:
            shown = now
            part = int(30 * done / total)
            bar = "█" * part + "·" * (30 - part)
            typer.echo(f"\r\x1b[K{bar} {done:,} of {total:,} messages", nl=False, err=True)

    return show, lambda: typer.echo("\r\x1b[K", nl=False, err=True)


def _result(to: str, played: list[Played]) -> dict[str, object]:
    stations = []
    for one in played:
        told = msgspec.to_builtins(one)
        del told["differences"]
        stations.append(told)
    return {
        "to": to,
        "calls": sum(one.calls for one in played),
        "same": sum(one.same for one in played),
        "different": sum(one.different for one in played),
        "stations": stations,
        "differences": [difference for one in played for difference in one.differences],
    }


def _report(played: list[Played], width: int | None) -> Iterator[str]:
    found = [difference for one in played for difference in one.differences]
    if len(played) > MOST_STATIONS:
        calls, same = sum(one.calls for one in played), sum(one.same for one in played)
        yield heading(
            f"{len(played)} charge points  {calls:,} calls, {same:,} answered the same,"
            f" {sum(one.different for one in played):,} differently"
        )
    for one in played:
        if len(played) <= MOST_STATIONS or one.differences or one.failure:
            yield from _station(one)
    if not found:
        return
    sums = Counter((one.action, one.field, one.recorded, one.new) for one in found)
    if len(found) > MANY and len(sums) < len(found) / 2:
        yield ""
        yield heading("Differences, by kind")
        kinds = [("times", "call", "field", "recorded", "now")]
        kinds += [(f"{count:,}", *kind) for kind, count in sums.most_common(MOST_KINDS)]
        yield from _table(kinds, width)
    yield ""
    files = {one.file for one in found}
    if len(files) == 1:
        yield heading(printable(f"Differences, by line of {found[0].file}"))
    rows = [("line", "charge point", "call", "field", "recorded", "now")]
    rows += [
        (
            str(one.line) if len(files) == 1 else f"{one.file}:{one.line}",
            one.station,
            one.action,
            one.field,
            one.recorded,
            one.new,
        )
        for one in sorted(found, key=lambda one: (one.file, one.line))[:MOST_SHOWN]
    ]
    yield from _table(rows, width)
    if len(found) > MOST_SHOWN:
        yield f"and {len(found) - MOST_SHOWN:,} more; --format json has them all"


def _station(one: Played) -> Iterator[str]:
    name = one.station if one.station == one.identity else f"{one.station} as {one.identity}"
    told = [f"{one.calls:,} calls", f"{one.same:,} answered the same", f"{one.different:,} differently"]
    if one.not_compared:
        told.append(f"{one.not_compared:,} without a recorded answer")
    if one.cut:
        told.append(f"{one.cut:,} cut in the log and not made")
    if one.not_made:
        told.append(f"{one.not_made:,} not made")
    yield heading(printable(f"{name}  {', '.join(told)}"))
    if one.failure:
        yield printable(f"  not played to its end: {one.failure}")
    if one.asked_anew:
        yield printable(f"  asked, and not answered in the recording: {_counted(one.asked_anew)}")
    if one.not_asked:
        yield printable(f"  asked in the recording, not now: {_counted(one.not_asked)}")


def _table(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    yield from table([tuple(printable(_short(cell)) for cell in row) for row in rows], width, 0)


def _counted(actions: dict[str, int]) -> str:
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in sorted(actions.items()))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
