"""Files to a result: readers, inference, timeline, sessions, detectors; several logs on all cores."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import msgspec

from voltline.inspection.choosing import Chosen, choose
from voltline.inspection.detector import DetectorSettings
from voltline.inspection.inspector import Inspected, Inspector, merged
from voltline.logbook.coverage import Coverage
from voltline.logbook.meter import Meter, Progress, told_for
from voltline.logbook.opening import STDIN, Source, sources
from voltline.logbook.reading import read
from voltline.logbook.result import Result

__all__ = ["ALL", "Choice", "Progress", "inspect"]

SMALL = 256 * 1024
"""Bytes of all files together that are not worth a second process."""


class Choice(msgspec.Struct, frozen=True):
    """Which detectors look, and with which thresholds. Can be sent to another process."""

    only: tuple[str, ...] = ()
    """Ids; empty: all."""
    without: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Folders with detectors of the user's own."""
    settings: tuple[tuple[str, str, str], ...] = ()
    """Detector id, name of the setting, value as text."""


ALL = Choice()
"""Every detector of the package and of installed ones, with its own thresholds."""


def inspect(
    paths: Sequence[str | Path | Source],
    choice: Choice = ALL,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
    footage: bool = False,
) -> Result:
    """Read and inspect files, folders, archives; `-` is standard input.

    `processes`: as many as there are cores if not given; several only help several logs. `footage`: keep what
    the HTML page draws. Raises
    `opening.Unreadable` where there is nothing at a path, `choosing.UnknownDetector` for an id that no
    detector has, `choosing.InvalidSetting` for a threshold that cannot be. A file that cannot be read is
    told in its coverage.
    """
    began = perf_counter()
    choose(choice.only, choice.without, choice.folders, choice.settings)  # complain before reading
    logs = [tuple(group) for _, group in groupby(sources(paths), key=lambda one: one.log or one.name)]
    meter = Meter(progress, [source for log in logs for source in log])
    workers = min(processes or os.cpu_count() or 1, len(logs))
    if workers > 1 and meter.total is not None and meter.total <= SMALL:
        workers = 1
    if workers > 1 and not any(source.path == STDIN for log in logs for source in log):
        done = _in_processes(logs, choice, workers, meter, footage=footage)
    else:
        done = [_inspected(log, choice, meter.read, footage=footage) for log in logs]
    coverages = [coverage for covered, _ in done for coverage in covered]
    return Result(coverages, merged([inspected for _, inspected in done]), perf_counter() - began)


Done = tuple[list[Coverage], Inspected]


def _inspected(
    log: Sequence[Source], choice: Choice, progress: Callable[[str, int], None] | None, *, footage: bool
) -> Done:
    """One log, of one file or of several rotated ones."""
    chosen: Chosen = choose(choice.only, choice.without, choice.folders, choice.settings)
    settings: Mapping[str, DetectorSettings] = chosen.settings
    inspector = Inspector(chosen.detectors, settings, footage=footage)
    coverages = []
    for source in log:
        coverage = Coverage(source.name)
        coverages.append(coverage)
        told = None if progress is None else told_for(source.name, progress)
        for record in read(source, coverage, told):
            inspector.feed(record)
    return coverages, inspector.end()


def _in_another_process(log: Sequence[Source], choice: Choice, footage: bool) -> Done:
    return _inspected(log, choice, None, footage=footage)


def _in_processes(
    logs: Sequence[Sequence[Source]], choice: Choice, workers: int, meter: "Meter", *, footage: bool
) -> list[Done]:
    """The logs on several cores, the largest first so that none is left for the end. In their order."""
    # Not forked: the caller may have threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        largest_first = sorted(range(len(logs)), key=lambda i: -sum(one.size or 0 for one in logs[i]))
        waiting = {pool.submit(_in_another_process, logs[i], choice, footage): i for i in largest_first}
        done: dict[int, Done] = {}
        for future in as_completed(waiting):
            number = waiting[future]
            done[number] = future.result()
            for source in logs[number]:
                meter.read(source.name, source.size or 0)
    return [done[number] for number in range(len(logs))]
