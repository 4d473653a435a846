"""Files to a result: readers, inference, timeline, sessions, detectors; several logs on all cores."""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
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
from voltline.logbook.workers import Died, Tell, done_by_workers

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
        inspector.feed_all(read(source, coverage, told))
    return coverages, inspector.end()


class _Job(msgspec.Struct):
    log: Sequence[Source]
    choice: Choice
    footage: bool


def _work(job: _Job, tell: Tell) -> Done:
    read_of: dict[str, int] = {}

    def progress(name: str, count: int) -> None:
        read_of[name] = count
        tell(sum(read_of.values()))

    return _inspected(job.log, job.choice, progress, footage=job.footage)


def _in_processes(
    logs: Sequence[Sequence[Source]], choice: Choice, workers: int, meter: Meter, *, footage: bool
) -> list[Done]:
    """The logs on several cores, the largest first so that none is left for the end. In their order.

    Of a log whose process died its coverage says so; the others are told as ever.
    """
    order = sorted(range(len(logs)), key=lambda i: -sum(one.size or 0 for one in logs[i]))
    jobs = [_Job(logs[i], choice, footage) for i in order]
    done: dict[int, Done] = {}

    def tell(number: int, count: int) -> None:
        meter.read(logs[order[number]][0].name, count)

    for number, answer in done_by_workers(jobs, _work, workers, tell):
        log = logs[order[number]]
        if isinstance(answer, Died):
            covered = [Coverage(one.name, problem=f"{one.name}: {answer}") for one in log]
            answer = covered, Inspected([], [], [], [])
        done[order[number]] = answer
        meter.read(log[0].name, sum(one.size or 0 for one in log))
    return [done[number] for number in range(len(logs))]
