"""Throw odd requests at the whole REST API: `python tests/fuzz/run_schemathesis.py --seconds 600`.

Starts `voltline serve` with a token and some simulated charge points, and runs schemathesis against its
OpenAPI description. Fails where schemathesis finds something, where anything was answered with 5xx that
nobody has a charge point to blame for, and where the log has a traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from tests.serving import serving  # noqa: E402

from voltline.station.simulator.options import StationOptions  # noqa: E402
from voltline.station.simulator.station import SimulatedStation  # noqa: E402
from voltline.station.simulator.visits import Rhythm  # noqa: E402

IDENTITIES = ("CP1", "CP2", "CP3")  # the first is in the examples
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
)
# An endless stream; the token that all this is done with.
LEFT_OUT = ("followEvents", "revokeToken")
# 502 and 504 are what a charge point did, or did not do.
CONFIGURATION = """\
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "504"]

# A body that is too large is refused before anybody looks into it.
[checks.negative_data_rejection]
expected-statuses = [
    "400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"
]

# Requests wait as long as they are told to, and behind those that were told so before: for an hour.
[parameters]
"query.timeout_s" = 1

[phases.stateful]
max-steps = 12
# Not the addresses in answers: schemathesis stops where one of them is no address.
inference = { algorithms = ["dependency-analysis"] }

[warnings]
enabled = false
"""


@asynccontextmanager
async def charging_stations(url: str) -> AsyncIterator[None]:
    """Simulated charge points with cars that come and go."""
    rhythm = Rhythm(first_pause_s=0.5, pause_s=5.0, stay_s=20.0, fumble_s=0.5)
    options = StationOptions(connectors=2, auto=rhythm)
    stations = [SimulatedStation(url, identity, options) for identity in IDENTITIES]
    for station in stations:
        await station.start()
    try:
        yield
    finally:
        await asyncio.gather(*(station.stop() for station in stations))


async def run(seconds: int, more: Sequence[str]) -> list[str]:
    """What was found, each a line or some; nothing: all is well."""
    with tempfile.TemporaryDirectory(prefix="voltline-fuzz-") as folder:
        data = Path(folder) / "data"
        token = await asyncio.to_thread(_token, data)
        settings = ["ocpp.message_timeout_s=2"]
        with serving(data, *(f"--set={setting}" for setting in settings), warm=False) as server:
            async with charging_stations(server.ocpp):
                found = await _schemathesis(server.http, token, seconds, Path(folder), more)
            if server.process.poll() is not None:
                found.append(f"voltline serve ended with {server.process.returncode}")
            elif server.stop() != 0:
                found.append(f"voltline serve did not stop as it should: {server.process.returncode}")
        log = data.with_name("data.log").read_text(errors="replace")
    return found + _trouble(log)


def _token(data: Path) -> str:
    command = [sys.executable, "-m", "voltline.cli.main", "token", "add", "fuzz", "--role=admin"]
    made = subprocess.run([*command, f"--data={data}"], check=True, capture_output=True, text=True)
    return made.stdout.strip()


async def _schemathesis(http: str, token: str, seconds: int, folder: Path, more: Sequence[str]) -> list[str]:
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), f"--config-file={configuration}"),
        *("run", f"{http}/api/v1/openapi.json", f"--url={http}"),
        *("--no-color", f"--checks={','.join(CHECKS)}", f"--max-time={seconds}"),
        *("--header", f"Authorization: Bearer {token}", "--request-timeout=20"),
        *("--suppress-health-check=all", "--generation-database=none", "--continue-on-failure"),
        *(f"--exclude-operation-id={operation}" for operation in LEFT_OUT),
        *more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace")
    print(text)
    return [] if process.returncode == 0 else [f"schemathesis ended with {process.returncode}, see above"]


def _trouble(log: str) -> list[str]:
    """Tracebacks in the log of the central system."""
    found = re.findall(
        r"^[^\n]*\nTraceback.*?^[\w.]*(?:Error|Exception)\b[^\n]*$", log, re.MULTILINE | re.DOTALL
    )
    return [f"in the log: {text}" for text in dict.fromkeys(found)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long, about")
    known, more = parser.parse_known_args()
    found = asyncio.run(run(known.seconds, more))
    for one in found:
        print(f"FOUND: {one}")
    print("nothing was found" if not found else f"{len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
