"""`voltline db`: the database checked, copied, and a copy put back."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.serving import serving, start_serving
from tests.system.raw_station import station

START = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}


def db(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voltline.cli.main", "db", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that a central system has worked with."""
    data = tmp_path_factory.mktemp("db") / "data"
    assert start_serving(data).stop() == 0
    return data


@pytest.fixture
def data(used: Path, tmp_path: Path) -> Path:
    return shutil.copytree(used, tmp_path / "data")


async def transactions(server: str) -> int:
    async with httpx.AsyncClient(base_url=server) as api:
        return len((await api.get("/api/v1/transactions")).json()["items"])


async def test_a_copy_made_while_serving_holds_what_was_acknowledged(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    with serving(data) as server:
        async with station(server.ocpp) as cp:
            await cp.boot()
            await cp.call("StartTransaction", START)
            run = await asyncio.to_thread(db, "backup", str(copy), data=data)
            assert run.returncode == 0, run.stderr
            assert "checked" in run.stdout
            stop = {"transactionId": 1, "meterStop": 1, "timestamp": "2026-03-01T11:00:00Z"}
            await cp.call("StopTransaction", stop)
            await cp.call("StartTransaction", START | {"timestamp": "2026-03-01T12:00:00Z"})
        refused = await asyncio.to_thread(db, "restore", str(copy), data=data)
        assert refused.returncode == 1
        assert f"another voltline (process {server.process.pid})" in refused.stderr
        assert await transactions(server.http) == 2
    assert not (tmp_path / "copy.db.partial").exists()
    run = await asyncio.to_thread(db, "restore", str(copy), data=data)
    assert run.returncode == 0, run.stderr
    kept = next(data.glob("voltline.db.before-restore-*"))
    assert str(kept) in run.stdout
    with serving(data) as server:
        assert await transactions(server.http) == 1
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT count(*) FROM transactions").fetchone() == (2,)
    connection.close()


def test_a_copy_never_takes_the_place_of_a_file(data: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    run = db("backup", str(tmp_path / "copy.db"), data=data)
    assert run.returncode == 1
    assert "is there already" in run.stderr
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_database_that_is_well_is_said_to_be(data: Path) -> None:
    run = db("check", data=data)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"{data}/voltline.db is well\n"


def test_a_damaged_database_is_said_to_be(data: Path) -> None:
    path = data / "voltline.db"
    content = bytearray(path.read_bytes())
    for page in range(4, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    run = db("check", data=data)
    assert run.returncode == 1
    assert "damaged" in run.stdout + run.stderr or "malformed" in run.stderr


def test_an_old_database_is_said_to_be_and_brought_forward(data: Path) -> None:
    (data / "voltline.db").unlink()
    sqlite3.connect(data / "voltline.db").close()
    run = db("check", data=data)
    assert run.returncode == 1
    assert "no tables of Voltline; voltline db upgrade makes them" in run.stdout
    assert db("upgrade", data=data).returncode == 0
    assert db("check", data=data).returncode == 0


def test_a_newer_database_is_left_alone(data: Path) -> None:
    with sqlite3.connect(data / "voltline.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    run = db("check", data=data)
    assert run.returncode == 1
    assert "needs a newer Voltline" in run.stdout
    assert "newer version of Voltline" in db("upgrade", data=data).stderr


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for command in (("check",), ("backup", str(tmp_path / "copy.db"))):
        run = db(*command, data=tmp_path / "data")
        assert run.returncode == 1
        assert "there is no database" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"hello" * 2000])
def test_what_is_no_copy_of_a_database_is_not_put_back(data: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy.db").write_bytes(content)
    before = (data / "voltline.db").read_bytes()
    run = db("restore", str(tmp_path / "copy.db"), data=data)
    assert run.returncode == 1
    assert "is not a database of Voltline" in run.stderr
    assert (data / "voltline.db").read_bytes() == before
    assert not list(data.glob("*restor*"))


def test_postgresql_has_tools_of_its_own(tmp_path: Path, postgres_url: str) -> None:
    config = tmp_path / "voltline.toml"
    address = postgres_url.replace("postgresql+psycopg", "postgresql")
    config.write_text(f'[data]\ndatabase_url = "{address}"\n')
    for command in ("upgrade", "check"):
        run = db(command, "--config", str(config), data=tmp_path / "data")
        assert run.returncode == 0, run.stderr
    run = db("backup", str(tmp_path / "x"), "--config", str(config), data=tmp_path / "data")
    assert run.returncode == 1
    assert "pg_dump --format=custom" in run.stderr
