"""A building's meter by MQTT: its readings move the capacity, and nothing that it does is fatal."""

import getpass
import json
import socket
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest
from tests.system.central_here import central_here, eventually
from tests.system.test_serve_sites import FAST, site, state

PATHS = ["$.l1", "$.l2", "$.l3"]


def house(broker: tuple[str, int], readings: list[dict[str, Any]], **mqtt: Any) -> dict[str, Any]:
    """40 A, of which a house may draw 20 A while nobody tells how much it does."""
    host, port = broker
    body = site("house", ["CP1"], mqtt={"host": host, "port": port, "readings": readings} | mqtt)
    body["fuses"][0]["others_a"] = 20
    return body


def amperes(one: float, two: float, three: float, **fields: Any) -> bytes:
    return json.dumps({"l1": one, "l2": two, "l3": three} | fields).encode()


@asynccontextmanager
async def publisher(broker: tuple[str, int], **fields: Any) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(*broker, **fields) as client:
        yield client


@pytest.fixture
def topic() -> str:
    return f"voltline-test/{uuid.uuid4().hex}"


async def described(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post("/sites", json=body)
    assert answer.status_code == 201, answer.text


async def mqtt_of(api: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await state(api, "house"))["mqtt"])


async def capacity(api: httpx.AsyncClient) -> list[float]:
    return list((await state(api, "house"))["fuses"][0]["capacity_a"])


async def connected(api: httpx.AsyncClient) -> None:
    async def look() -> bool:
        return bool((await mqtt_of(api))["connected"])

    await eventually(look, 20)


async def troubles(api: httpx.AsyncClient) -> set[str]:
    return {one["trouble"] for one in (await state(api, "house"))["troubles"]}


async def test_a_reading_moves_the_capacity_and_a_stale_one_counts_no_more(
    tmp_path: Path, mqtt_broker: tuple[str, int], topic: str
) -> None:
    reading = {"topic": topic, "fuse": "grid", "paths": PATHS, "measures": "others"}
    async with central_here(tmp_path, sites=FAST) as (_, api), publisher(mqtt_broker) as meter:
        await described(api, house(mqtt_broker, [reading], stale_s=2))
        await connected(api)
        assert await capacity(api) == [20, 20, 20]
        await meter.publish(topic, amperes(5, 6.5, -3))

        async def moved() -> bool:
            return await capacity(api) == [35, 33.5, 40]

        await eventually(moved)
        (told,) = (await mqtt_of(api))["topics"]
        assert (told["read"], told["fresh"], told["fault"]) == (1, True, None)

        async def fell_back() -> bool:
            return await capacity(api) == [20, 20, 20] and "meter-silent" in await troubles(api)

        await eventually(fell_back)
        assert (await mqtt_of(api))["topics"][0]["fresh"] is False


async def test_three_topics_and_the_sun_are_put_together(
    tmp_path: Path, mqtt_broker: tuple[str, int], topic: str
) -> None:
    phases = [
        {"topic": f"{topic}/{n}", "fuse": "grid", "phase": n, "unit": "mA", "measures": "others"}
        for n in (1, 2, 3)
    ]
    sun = {"topic": f"{topic}/sun", "unit": "kW", "positive": "export"}
    async with central_here(tmp_path, sites=FAST) as (_, api), publisher(mqtt_broker) as meter:
        await described(api, house(mqtt_broker, [*phases, sun], stale_s=60))
        await connected(api)
        for n in (1, 2, 3):
            assert await capacity(api) == [20, 20, 20]
            await meter.publish(f"{topic}/{n}", f"{n}000")
        await meter.publish(f"{topic}/sun", "-4.2")

        async def moved() -> bool:
            told = (await mqtt_of(api))["topics"]
            return await capacity(api) == [39, 38, 37] and [one["read"] for one in told] == [1, 1, 1, 1]

        await eventually(moved)


async def test_what_cannot_be_read_is_counted_and_told_and_changes_nothing(
    tmp_path: Path, mqtt_broker: tuple[str, int], topic: str
) -> None:
    reading = {"topic": topic, "fuse": "grid", "paths": PATHS, "measures": "others"}
    async with central_here(tmp_path, sites=FAST) as (_, api), publisher(mqtt_broker) as meter:
        await meter.publish(topic, amperes(1, 1, 1), retain=True)  # of yesterday, for all that anybody knows
        try:
            await described(api, house(mqtt_broker, [reading], stale_s=60))
            await connected(api)
            for wrong in (b"", b"\x00\xff", b"{}", amperes(1, 2, 3)[:-2], b'{"l1": "a", "l2": 1, "l3": 2}'):
                await meter.publish(topic, wrong)

            async def counted() -> bool:
                return bool((await mqtt_of(api))["topics"][0]["unreadable"] == 5)

            await eventually(counted)
            (told,) = (await mqtt_of(api))["topics"]
            assert (told["read"], told["retained"], told["fresh"]) == (0, 1, False)
            assert told["fault"] == "$.l1: 'a' is no number"
            assert await capacity(api) == [20, 20, 20]
            found = [one for one in (await state(api, "house"))["troubles"] if "unreadable" in one["trouble"]]
            assert len(found) == 1, "one that goes on is told once"
            await meter.publish(topic, amperes(1, 2, 3))

            async def moved() -> bool:
                return await capacity(api) == [39, 38, 37]

            await eventually(moved)
            assert (await mqtt_of(api))["topics"][0]["fault"] is None
        finally:
            await meter.publish(topic, b"", retain=True)


async def test_a_retained_reading_that_tells_its_time_counts_from_then_on(
    tmp_path: Path, mqtt_broker: tuple[str, int], topic: str
) -> None:
    reading = {"topic": topic, "fuse": "grid", "paths": PATHS, "measures": "others", "time_path": "$.at"}
    async with central_here(tmp_path, sites=FAST) as (_, api), publisher(mqtt_broker) as meter:
        await meter.publish(topic, amperes(1, 1, 1, at="2026-03-01T12:00:00Z"), retain=True)
        try:
            await described(api, house(mqtt_broker, [reading], stale_s=60))

            async def read() -> bool:
                return bool((await mqtt_of(api))["topics"][0]["read"])

            await eventually(read)
            assert (await mqtt_of(api))["topics"][0]["fresh"] is False
            assert await capacity(api) == [20, 20, 20]
        finally:
            await meter.publish(topic, b"", retain=True)


async def test_the_password_is_never_shown_and_kept_when_it_is_left_out(
    tmp_path: Path, mqtt_broker: tuple[str, int], topic: str
) -> None:
    body = house(mqtt_broker, [{"topic": topic, "fuse": "grid"}], user="reader", password="s3cret-word")
    async with central_here(tmp_path, sites=FAST) as (_, api):
        await described(api, body)
        shown = await api.get("/sites/house")
        assert "s3cret-word" not in shown.text + (await api.get("/sites")).text
        again = {name: one for name, one in shown.json().items() if not name.endswith("_at")}
        assert (await api.put("/sites/house", json=again)).status_code == 200
        assert "s3cret-word" not in (await api.get("/sites/house/state")).text
        body["mqtt"]["readings"][0]["topic"] = "a/+"
        wrong = await api.put("/sites/house", json=body)
        assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "$.mqtt.readings[0].topic")
        assert "s3cret-word" not in wrong.text


class OwnBroker:
    """A broker with TLS and one user, `reader` with the password `word`, that can be stopped and started."""

    def __init__(self, mosquitto: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._program = mosquitto
        self.certificate, self._file = folder / "certificate.pem", folder / "broker.conf"
        key, users = folder / "key.pem", folder / "users"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", str(key), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )
        users.write_text("reader:word\n")
        subprocess.run(["mosquitto_passwd", "-U", str(users)], check=True)
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
            f"certfile {self.certificate}\nkeyfile {key}\nuser {getpass.getuser()}\n"
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        with subprocess.Popen([self._program, "-c", str(self._file)], stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.kill()


@pytest.fixture
def own_broker(mosquitto: str, tmp_path: Path) -> OwnBroker:
    return OwnBroker(mosquitto, tmp_path)


# paho-mqtt leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_with_tls_and_a_password_is_found_again_when_it_comes_back(
    tmp_path: Path, own_broker: OwnBroker, topic: str
) -> None:
    broker, certificate = ("localhost", own_broker.port), own_broker.certificate
    reading = {"topic": topic, "fuse": "grid", "paths": PATHS, "measures": "others"}
    body = house(broker, [reading], tls=True, user="reader", password="wrong", stale_s=60)
    async with central_here(tmp_path / "data", sites=FAST) as (_, api):
        await described(api, body)

        async def says(text: str) -> None:
            async def look() -> bool:
                return text in str((await mqtt_of(api))["fault"])

            await eventually(look, 20)

        await says("refused")
        assert "meter-unreachable" in await troubles(api)
        with own_broker.running():
            await says("certificate verify failed")
            body["mqtt"]["ca"] = certificate.read_text()
            assert (await api.put("/sites/house", json=body)).status_code == 200
            await says("refuses the user or password")
            body["mqtt"]["password"] = "word"
            assert (await api.put("/sites/house", json=body)).status_code == 200
            await connected(api)
        # It is gone.
        await says("the connection was lost")
        with own_broker.running():
            await connected(api)
            fields = {"username": "reader", "password": "word"}
            trusted = aiomqtt.TLSParameters(ca_certs=str(certificate))
            async with publisher(broker, tls_params=trusted, **fields) as meter:
                await meter.publish(topic, amperes(5, 5, 5))

                async def moved() -> bool:
                    return await capacity(api) == [35, 35, 35]

                await eventually(moved)
