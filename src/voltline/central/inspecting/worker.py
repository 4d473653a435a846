"""The inspector's process: batches of frames in, reports out, until the pipe ends.

It is nice to everybody else: where there is one core for all, it gets what the central system leaves.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from voltline.base import garbage
from voltline.central.inspecting.pipe import Batch, Order, Report, packed, read
from voltline.central.inspecting.reporting import Reporter
from voltline.central.inspecting.stations import Stations
from voltline.inspection.choosing import choose

NICENESS: Final = 15
TOO_LARGE: Final = 3
"""Exit code: it took up more memory than it may."""
_NOT_LIVE: Final = frozenset({"P05"})
"""Of gaps in a file. Here nothing is missing that is not known to be."""


def work(order: Order, batches: BinaryIO, reports: BinaryIO) -> int:
    """Answer each batch with a report; gives the exit code."""
    chosen = choose(order.only, order.without, order.folders, order.thresholds)
    detectors = [one for one in chosen.detectors if one.id not in _NOT_LIVE]
    stations, reporter = Stations(detectors, chosen.settings), Reporter()
    decoder = msgspec.msgpack.Decoder(Batch)
    while (batch := read(batches, decoder)) is not None:
        for seen in stations.feed(batch):
            reporter.add(seen)
        troubles, stations.troubles = stations.troubles, []
        memory = memory_bytes()
        report = Report(
            number=batch.number,
            frames=len(batch.entries),
            seen=reporter.due(time.monotonic()),
            more=reporter.waiting,
            stations=len(stations),
            memory_bytes=memory,
            dropped=reporter.dropped,
            troubles=troubles[:100],
        )
        reports.write(packed(report))
        reports.flush()
        if 0 < order.most_bytes < memory:
            return TOO_LARGE
    return 0


def memory_bytes() -> int:
    """Of this process, as far as the system tells; else 0."""
    try:
        with open("/proc/self/statm", "rb") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _stand_back() -> None:
    """Never interrupt the central system, and take little of a core that is busy; where the system can."""
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _last_words(error: Exception) -> Report:
    told = f"its beginning or its end: {type(error).__name__}: {error}"
    return Report(0, 0, [], False, 0, 0, 0, [told[:500]])


def main() -> int:
    """Begin with the order that comes first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the central system, which ends the pipe
    _stand_back()
    batches = sys.stdin.buffer
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a detector prints is no report
    order = read(batches, msgspec.msgpack.Decoder(Order))
    if order is None:
        return 0
    garbage.search_seldom()
    try:
        return work(order, batches, reports)
    except BrokenPipeError:
        return 0
    except Exception as error:
        with suppress(OSError):
            reports.write(packed(_last_words(error)))
            reports.flush()
        return 1


if __name__ == "__main__":
    code = main()
    # Nothing is left to be tidied up, and a pipe that is broken cannot be closed in peace.
    os._exit(code)
