"""A line a connector: what it was in each slice of a log's time, and one for the connection."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

import typer

from voltline.cli.layout import styled, table
from voltline.inspection.chronicle import NOT_KEPT, State, StationSummary

__all__ = ["strips"]

COLUMNS: Final = 60
UNKNOWN: Final = " "
CONNECTED: Final = "─"


class _Look(NamedTuple):
    sign: str
    colour: str | None


_LOOKS: Final = {
    "Faulted": _Look("!", typer.colors.RED),
    "Charging": _Look("█", typer.colors.GREEN),
    "SuspendedEVSE": _Look("e", typer.colors.YELLOW),
    "SuspendedEV": _Look("v", typer.colors.BLUE),
    "Preparing": _Look("p", typer.colors.CYAN),
    "Finishing": _Look("f", typer.colors.CYAN),
    "Reserved": _Look("r", typer.colors.MAGENTA),
    "Unavailable": _Look("u", typer.colors.RED),
    "Available": _Look("·", None),
}
"""Of several states in one slice the first of these is shown: a short fault is not hidden by a long state."""
_RANKS: Final = {status: rank for rank, status in enumerate(_LOOKS)}
_COLOURS: Final = {look.sign: look.colour for look in _LOOKS.values()}


def strips(station: StationSummary) -> Iterator[str]:
    """The lines, and what their signs mean. None for a log without times or states."""
    first, last = station.first_at, station.last_at
    if first is None or last is None:
        return
    rows = [
        (f"connector {number}", _framed(_states(station.states[number], first, last)))
        for number in sorted(station.states)
        if number > 0 or len(station.states) == 1
    ]
    if station.gaps:
        rows.append(("connection", _framed(_connection(station.gaps, first, last))))
    yield from table(rows, None)
    seen = {state.status for states in station.states.values() for state in states}
    legend = [
        f"{styled(look.sign, fg=look.colour)} {status}" for status, look in _LOOKS.items() if status in seen
    ]
    if station.gaps:
        legend.append(f"{CONNECTED} connected")
    if legend:
        yield "  " + "  ".join(legend)
    for number, states in sorted(station.states.items()):
        if states[-1].status == NOT_KEPT:
            yield (
                f"  Connector {number} changed its state more than {len(states) - 1:,} times: "
                f"not shown from {states[-1].at:%Y-%m-%d %H:%M} UTC on."
            )


def _states(states: Sequence[State], first: datetime, last: datetime) -> str:
    strip = [UNKNOWN] * COLUMNS
    ranks = [len(_RANKS)] * COLUMNS
    ends = [*(state.at for state in states[1:]), last]
    for state, end in zip(states, ends, strict=True):
        if state.status == NOT_KEPT:
            break
        rank = _RANKS.get(state.status, len(_RANKS) - 1)
        sign = _LOOKS[state.status].sign if state.status in _LOOKS else "?"
        for column in _columns(state.at, end, first, last):
            if rank < ranks[column]:
                strip[column], ranks[column] = sign, rank
    return "".join(strip)


def _connection(gaps: Sequence[tuple[datetime, datetime | None]], first: datetime, last: datetime) -> str:
    strip = [CONNECTED] * COLUMNS
    for since, until in gaps:
        for column in _columns(since, until or last, first, last):
            strip[column] = UNKNOWN
    return "".join(strip)


def _columns(begin: datetime, end: datetime, first: datetime, last: datetime) -> range:
    """The slices that a span of time touches; one at least."""
    length = max((last - first).total_seconds(), 1.0)
    start = (begin - first).total_seconds() / length * COLUMNS
    stop = (end - first).total_seconds() / length * COLUMNS
    from_column = min(max(int(start), 0), COLUMNS - 1)
    return range(from_column, min(max(-int(-stop // 1), from_column + 1), COLUMNS))


def _framed(strip: str) -> str:
    signs = (styled("".join(same), fg=_COLOURS.get(sign)) for sign, same in groupby(strip))
    return f"|{''.join(signs)}|"
