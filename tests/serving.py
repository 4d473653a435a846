"""`voltline serve` as a process of its own, as its users start it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"voltline is ready ocpp=(\S+) http=(\S+)")


@dataclass
class Serving:
    """A running central system. Its database is `data/voltline.db`."""

    ocpp: str
    http: str
    data: Path
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def stop(self) -> int:
        """Stop it gracefully; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


def start_serving(data: Path, *flags: str, ocpp_port: int = 0, http_port: int = 0) -> Serving:
    """Start it on free ports (or the given ones) and wait until it says that it is ready."""
    log = data.with_name(data.name + ".log").open("a")
    with log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "voltline.cli.main", "serve"),
                *(f"--ocpp-port={ocpp_port}", f"--http-port={http_port}", f"--data={data}"),
                *("--set=files.http_port=0", "--set=files.ftp_port=0", *flags),
            ],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    for line in process.stdout:
        if ready := READY.search(line):
            return Serving(ready[1], ready[2], data, process)
    process.communicate(timeout=30)
    raise AssertionError(f"voltline serve ended with {process.returncode}: {Path(log.name).read_text()}")


@contextmanager
def serving(data: Path, *flags: str) -> Iterator[Serving]:
    """It runs within the context and is stopped gracefully after it."""
    server = start_serving(data, *flags)
    try:
        yield server
    finally:
        server.stop()
