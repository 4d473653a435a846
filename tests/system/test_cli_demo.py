"""`voltline demo`: what `make run` starts really charges, and what it reported is stored."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

VOLTLINE = Path(sys.executable).with_name("voltline")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [VOLTLINE, "demo", "--stations=2", "--ocpp-port=0", "--http-port=0", f"--data={tmp_path / 'data'}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        if process.poll() is None:
            process.kill()


def test_the_demo_charges_stores_and_stops_gracefully(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout is not None
    ready = re.search(
        r"ocpp=(ws://127\.0\.0\.1:\d+/ocpp) http=(http://127\.0\.0\.1:\d+)", demo.stdout.readline()
    )
    assert ready is not None
    charging = next(line for line in demo.stdout if "Charging, transaction" in line)
    transaction = int(charging.split("transaction ")[1].split()[0])

    stored = httpx.get(f"{ready[2]}/api/v1/transactions/{transaction}")
    assert stored.status_code == 200
    assert stored.json()["charge_point"] == charging.split()[0]

    demo.send_signal(signal.SIGINT)
    rest = demo.stdout.read()
    assert demo.wait(timeout=30) == 0
    assert rest.splitlines()[-2:] == ["Stopping: transactions are ended and stored first.", "Stopped."]
    assert "Traceback" not in rest
    assert "ERROR" not in rest
