"""A short run of what `make fuzz` does for longer: odd requests at the whole REST API find nothing.

The same requests each time, so that a change is judged by what it changed; `make fuzz` explores.
"""

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 30


@pytest.mark.timeout(300)
def test_odd_requests_find_nothing() -> None:
    script = Path(__file__).with_name("run_schemathesis.py")
    run = subprocess.run(
        [sys.executable, str(script), f"--seconds={SECONDS}", "--seed=1"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "nothing was found" in run.stdout
