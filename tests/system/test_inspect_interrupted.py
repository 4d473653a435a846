"""`voltline inspect` on several logs, interrupted or killed: no traceback, and no process is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

VOLTLINE = Path(sys.executable).with_name("voltline")
DETECTOR = '''
"""A detector that never comes to an end."""

import os
import threading
from pathlib import Path

from voltline.inspection.detector import Detector
from voltline.inspection.events import Call
from voltline.inspection.findings import Severity, Who


class Endless(Detector):
    """It waits for nothing."""

    id = "ZZ1"
    title = "Endless"
    severity = Severity.INFO
    basis = ()
    who = Who.NOBODY
    next_step = "None."
    explanation = "None."
    events = (Call,)

    def see(self, event, facts):
        (Path(__file__).parent / f"{os.getpid()}.pid").touch()
        threading.Event().wait()
'''
LINE = '2026-03-01 08:00:00,000 INFO [ocpp] CP1: receive message [2,"1","Heartbeat",{}]\n'


def _alive(pid: int) -> bool:
    """Whether it runs; one that ended and is not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(condition: object, within_s: float = 60.0) -> None:
    assert callable(condition)
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at processes")
@pytest.mark.parametrize(("blow", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_traceback_and_no_process_is_left(tmp_path: Path, blow: signal.Signals, code: int) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "endless.py").write_text(DETECTOR)
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(LINE * 4000)
    command = [str(VOLTLINE), "inspect", "--jobs", "2", "--detectors", str(own)]
    inspecting = subprocess.Popen(
        [*command, str(tmp_path / "a.log"), str(tmp_path / "b.log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _until(lambda: len(list(own.glob("*.pid"))) == 2)
        workers = [int(one.stem) for one in own.glob("*.pid")]
        assert inspecting.pid not in workers
        if blow is signal.SIGINT:
            os.killpg(inspecting.pid, blow)  # as a terminal does
        else:
            inspecting.send_signal(blow)
        out, err = inspecting.communicate(timeout=30)
        assert (inspecting.returncode, out, err) == (code, b"", b"")
        _until(lambda: not any(_alive(pid) for pid in workers))
    finally:
        inspecting.kill()
        inspecting.communicate()
