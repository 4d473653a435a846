"""Several logs on several cores: the same result, whatever happens to a process."""

from pathlib import Path

import pytest

from voltline.logbook.inspecting import Choice, inspect
from voltline.logbook.reports.as_json import json_report
from voltline.logbook.workers import Tell, done_by_workers

LOGS = Path(__file__).parents[2] / "corpus" / "logs"

DETECTOR = '''
"""A detector that is not well."""

import os
import signal

from voltline.inspection.detector import Detector
from voltline.inspection.events import Call
from voltline.inspection.findings import Severity, Who


class NotWell(Detector):
    """{what}"""

    id = "ZZ1"
    title = "Not well"
    severity = Severity.INFO
    basis = ()
    who = Who.NOBODY
    next_step = "None."
    explanation = "None."
    events = (Call,)

    def see(self, event, facts):
        if "fatal" in event.record.source:
            {what}
        return ()
'''


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Three logs, of which one bears a name."""
    folder = tmp_path / "logs"
    folder.mkdir()
    text = max(LOGS.glob("*python*"), key=lambda one: one.stat().st_size).read_bytes()
    for name in ("a.log", "fatal.log", "z.log"):
        (folder / name).write_bytes(text)
    return folder


def in_processes(
    folder: Path, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Choice]:
    monkeypatch.setattr("voltline.logbook.inspecting.SMALL", 0)
    own = tmp_path / "own"
    own.mkdir()
    (own / "not_well.py").write_text(DETECTOR.format(what=what))
    return folder, Choice(folders=(str(own),))


def test_several_processes_tell_the_same_as_one(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltline.logbook.inspecting.SMALL", 0)
    told: list[tuple[int, int | None]] = []
    several = inspect([logs], processes=2, progress=lambda count, size: told.append((count, size)))
    assert list(json_report(several)) == list(json_report(inspect([logs], processes=1)))
    size = sum(one.stat().st_size for one in logs.iterdir())
    assert told[-1] == (size, size)


def test_a_process_that_is_killed_takes_only_its_own_log_with_it(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, choice = in_processes(logs, "os.kill(os.getpid(), signal.SIGKILL)", tmp_path, monkeypatch)
    result = inspect([folder], choice, processes=2)
    (problem,) = result.problems
    assert "fatal.log" in problem
    assert "ended by SIGKILL; out of memory? Try --jobs 1" in problem
    frames = {Path(one.source).name: one.frames for one in result.coverages}
    assert frames["fatal.log"] == 0
    assert frames["a.log"] == frames["z.log"] > 0


def test_what_a_detector_raises_in_a_process_is_raised_here(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, choice = in_processes(logs, "raise LookupError('no such thing')", tmp_path, monkeypatch)
    with pytest.raises(LookupError, match="no such thing"):
        inspect([folder], choice, processes=2)


def _twice(job: int, tell: Tell) -> int:
    tell(job)
    return 2 * job


def test_jobs_outnumber_their_workers() -> None:
    done = dict(done_by_workers(range(20), _twice, 2, lambda number, far: None))
    assert done == {number: 2 * number for number in range(20)}
