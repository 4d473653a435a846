"""`voltline tap` as a process: TLS on both sides, many charge points, and what it says when it cannot."""

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from tests.serving import serving
from tests.system.raw_station import station

VOLTLINE = Path(sys.executable).with_name("voltline")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that trusts itself; its key has the same name with .key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "localhost.crt"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", f"{path}.key", "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    return path


class Program:
    """`voltline tap` as a process."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [VOLTLINE, "tap", "--listen", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()
        ready = re.search(r"ws=(wss?)://127\.0\.0\.1:(\d+)", self.first)
        assert ready is not None, self.first
        self.url = f"{ready[1]}://localhost:{ready[2]}"

    def stop(self) -> str:
        """Everything else it said."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        return said

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


def test_a_simulated_charge_point_charges_through_tls_on_both_sides(
    tmp_path: Path, certificate: Path
) -> None:
    record = tmp_path / "tap.jsonl"
    tls = ("--cert", str(certificate), "--key", f"{certificate}.key")
    with (
        serving(tmp_path / "data") as central,
        Program("--to", central.ocpp, *tls) as far,
        Program("--to", far.url, "--ca", str(certificate), "--record", str(record), *tls) as near,
    ):
        assert near.url.startswith("wss://")
        with subprocess.Popen(
            [VOLTLINE, "station", near.url, "--id", "CP1", "--auto", "--speed", "60"],
            env={**os.environ, "SSL_CERT_FILE": str(certificate), "VOLTLINE_STATION_PASSWORD": "hush"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as simulated:
            assert simulated.stdout is not None
            for line in simulated.stdout:
                if "StartTransaction" in line and "Accepted" in line:
                    break
            simulated.send_signal(signal.SIGTERM)
            simulated.communicate(timeout=30)
        said = near.stop()
    assert "CP1 connected from 127.0.0.1 to /CP1, ocpp1.6" in said
    recorded = record.read_text()
    assert "StartTransaction" in recorded
    assert base64.b64encode(b"CP1:hush").decode() not in recorded + said
    read = subprocess.run(
        [VOLTLINE, "inspect", "--format", "json", "--fail-on", "critical", record],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    result = json.loads(read.stdout)
    assert result["skipped"] == 0
    assert result["frames"] == len([one for one in recorded.splitlines() if '"direction"' in one])


def test_a_certificate_that_is_not_trusted_is_refused_with_502(tmp_path: Path, certificate: Path) -> None:
    async def connect(url: str) -> int:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{url}/CP1")
        return refused.value.status

    with (
        serving(tmp_path / "data") as central,
        Program("--to", central.ocpp, "--cert", str(certificate), "--key", f"{certificate}.key") as far,
        Program("--to", far.url) as near,
    ):
        assert asyncio.run(connect(near.url)) == 502
        assert "certificate" in near.stop().lower()


def test_fifty_charge_points_at_once_lose_no_frame(tmp_path: Path) -> None:
    record = tmp_path / "tap.jsonl"

    async def talk(url: str, number: int) -> list[str]:
        said: list[str] = []
        async with station(url, f"CP{number}") as cp:
            await cp.boot()
            for count in range(40):
                payload = {"vendorId": "x", "data": f"{number}-{count}" * (count + 1)}
                said.append(payload["data"])
                await cp.exchange("DataTransfer", payload)
        return said

    async def all_of(url: str) -> list[list[str]]:
        return await asyncio.gather(*(talk(url, number) for number in range(50)))

    with serving(tmp_path / "data") as central, Program("--to", central.ocpp, "--record", str(record)) as tap:
        said = asyncio.run(all_of(tap.url))
        summary = tap.stop().splitlines()[-1]
    recorded: dict[str, list[str]] = {}
    for line in record.read_text().splitlines():
        one = json.loads(line)
        if one.get("direction") == "in" and "DataTransfer" in one["text"]:
            recorded.setdefault(one["station"], []).append(json.loads(one["text"])[3]["data"])
    assert [recorded[f"CP{number}"] for number in range(50)] == said
    assert re.search(r"0 connections open, [\d,]+ frames", summary)


@pytest.mark.parametrize("closed", [False, True])
def test_a_screen_that_nobody_reads_does_not_hold_what_passes(tmp_path: Path, closed: bool) -> None:
    """A pipe holds some 64 kB, and a closed one nothing at all."""

    async def talk(url: str) -> None:
        async with station(url) as cp:
            for _ in range(100):
                await cp.exchange("DataTransfer", {"vendorId": "x", "data": "y" * 3000})

    with serving(tmp_path / "data") as central, Program("--to", central.ocpp, "--frames") as tap:
        if closed:
            assert tap.process.stdout is not None
            tap.process.stdout.close()
        asyncio.run(talk(tap.url))
        tap.process.send_signal(signal.SIGTERM)
        assert tap.process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--to", "http://x"], "'http://x' is not a WebSocket URL"),
        (["--to", "ws://u:p@x/y"], "a user, query or fragment"),
        (["--to", "ws://x", "--listen", "here"], "--listen wants a port"),
        (["--to", "ws://x", "--key", "k.pem"], "--key is of no use without --cert"),
        (["--to", "ws://x", "--cert", "none.pem"], "none.pem is no certificate"),
        (["--to", "ws://x", "--ca", "none.pem"], "of use with wss:// only"),
        (["--to", "wss://x", "--ca", "none.pem"], "none.pem holds no certificates to trust"),
        (["--to", "ws://x", "--rules", "none.yaml"], "none.yaml: No such file"),
        (["--to", "ws://x", "--only", "ZZ9"], "no detector has the id 'ZZ9'"),
        (["--to", "ws://x", "--record", "/proc/none/x"], "--record /proc/none/x"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(arguments: list[str], complaint: str) -> None:
    ran = subprocess.run(
        [VOLTLINE, "tap", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken_is_told() -> None:
    async def taken() -> subprocess.CompletedProcess[str]:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        ran = await asyncio.to_thread(
            subprocess.run,
            [str(VOLTLINE), "tap", "--to", "ws://x", "--listen", str(port)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        server.close()
        return ran

    ran = asyncio.run(taken())
    assert ran.returncode == 1
    assert "cannot listen on 127.0.0.1:" in ran.stderr
    assert "already in use" in ran.stderr


def test_a_context_of_the_listening_side_needs_its_key(certificate: Path) -> None:
    from voltline.transport.tls_contexts import InvalidTls, server_context

    assert isinstance(server_context(certificate, Path(f"{certificate}.key")), ssl.SSLContext)
    with pytest.raises(InvalidTls, match="no certificate with its key"):
        server_context(certificate)
