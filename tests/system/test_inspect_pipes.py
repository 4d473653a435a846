"""`voltline inspect` as a process: in pipes, on a terminal, and when nobody reads on."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from tests.unit.logbook.steve_log import HIDDEN, full_log

VOLTLINE = Path(sys.executable).with_name("voltline")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return full_log().write(tmp_path / "steve.log")


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "VOLTLINE": str(VOLTLINE), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def on_a_terminal(*arguments: str, columns: int = 100, **variables: str) -> str:
    """What a person sees, colours and all."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [VOLTLINE, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass  # the terminal was hung up: the process has ended
    finally:
        os.close(ours)
    process.wait(timeout=60)
    return seen.decode()


def test_an_anonymized_trace_in_a_pipe_is_inspected_like_the_log(log: Path) -> None:
    direct = shell(f"$VOLTLINE inspect {log} --format json")
    piped = shell(f"$VOLTLINE inspect {log} --anonymize --format trace | $VOLTLINE inspect - --format json")
    assert (direct.returncode, piped.returncode) == (4, 4)
    one, other = json.loads(direct.stdout), json.loads(piped.stdout)
    assert one["frames"] == other["frames"]
    assert [(f["id"], f["title"], f["count"]) for f in one["findings"]] == [
        (f["id"], f["title"], f["count"]) for f in other["findings"]
    ]
    assert [s["energy_wh"] for s in one["sessions"]] == [s["energy_wh"] for s in other["sessions"]]
    assert [value for value in HIDDEN if value in piped.stdout] == []


def test_a_reader_that_has_had_enough_of_a_table_is_no_error(log: Path) -> None:
    ran = shell(f"$VOLTLINE inspect {log} --table frames | head -n 1")
    assert ran.stdout.startswith("time,station,")
    assert "Traceback" not in ran.stderr
    assert ran.stderr == ""


def test_a_terminal_has_colours_unless_told_otherwise(log: Path) -> None:
    coloured = on_a_terminal("inspect", str(log))
    assert "\x1b[31m\x1b[1mERROR" in coloured
    assert "connector 1" in coloured
    for seen in (
        on_a_terminal("inspect", str(log), "--no-color"),
        on_a_terminal("inspect", str(log), NO_COLOR="1"),
    ):
        assert "Unanswered StopTransaction" in seen
        assert "\x1b[3" not in seen
        assert "\x1b[1m" not in seen


def test_pseudonyms_can_be_kept_by_environment(log: Path) -> None:
    runs = [
        shell(f"$VOLTLINE inspect {log} --anonymize --table sessions", VOLTLINE_ANONYMIZE_KEY=key).stdout
        for key in ("one", "one", "two")
    ]
    assert runs[0] == runs[1] != runs[2]
