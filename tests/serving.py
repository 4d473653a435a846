"""`voltline serve` as a process of its own.

To import it takes longer than all else that a start does, and the tests start it more than a hundred times.
So it is forked from a process that has imported it and does nothing else; where the start itself is looked
at, `warm=False` runs the command as its users do.
"""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

READY = re.compile(r"voltline is ready ocpp=(\S+) http=(\S+)")

_NURSERY = multiprocessing.get_context("forkserver")
_NURSERY.set_forkserver_preload(["voltline.cli.main", "voltline.central.process"])


class Forked:
    """As much of subprocess.Popen as is asked of a server, for one that was forked."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        read, written = _NURSERY.Pipe(duplex=False)
        with read, written:
            self._process = _NURSERY.Process(target=_run, args=(arguments, log, written))
            self._process.start()
            self.stdout = os.fdopen(os.dup(read.fileno()))
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("voltline serve", timeout)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: Sequence[str], log: Path, written: Connection) -> None:
    """In the new process."""
    with log.open("a") as errors, written:
        os.dup2(written.fileno(), sys.stdout.fileno())
        os.dup2(errors.fileno(), sys.stderr.fileno())
    from voltline.cli import main

    sys.exit(main.run(arguments))


@dataclass
class Serving:
    """A running central system. Its database is `data/voltline.db`."""

    ocpp: str
    http: str
    data: Path
    process: Forked | subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.ended()

    def stop(self) -> int:
        """Stop it gracefully; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self, within_s: float = 30) -> int:
        """Wait for the process to end; its exit code."""
        code = self.process.wait(within_s)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def start_serving(
    data: Path, *flags: str, ocpp_port: int = 0, http_port: int = 0, warm: bool = True
) -> Serving:
    """Start it on free ports (or the given ones) and wait until it says that it is ready."""
    log = data.with_name(data.name + ".log")
    arguments = [
        *("serve", f"--ocpp-port={ocpp_port}", f"--http-port={http_port}", f"--data={data}"),
        *("--set=files.http_port=0", "--set=files.ftp_port=0", *flags),
    ]
    process = Forked(arguments, log) if warm else _started(arguments, log)
    assert process.stdout is not None
    for line in process.stdout:
        if ready := READY.search(line):
            return Serving(ready[1], ready[2], data, process)
    process.stdout.close()
    code = process.wait(30)
    raise AssertionError(f"voltline serve ended with {code}: {log.read_text()}")


def _started(arguments: Sequence[str], log: Path) -> subprocess.Popen[str]:
    with log.open("a") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "voltline.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


@contextmanager
def serving(data: Path, *flags: str, warm: bool = True) -> Iterator[Serving]:
    """It runs within the context and is stopped gracefully after it."""
    server = start_serving(data, *flags, warm=warm)
    try:
        yield server
    finally:
        server.stop()
