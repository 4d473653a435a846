"""`voltline site` against a central system that serves."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest
from tests.serving import serving
from tests.system.pages import DOCS, curl_commands, status_of
from tests.system.raw_station import station
from tests.system.test_serve_sites import Lent, configure, started, until

SITE = """\
name: Depot 7
fuses:
  - {name: grid, rating_a: 63}
  - {name: hall, rating_a: 40, above: grid}
connectors:
  - {charge_point: CP1, connector: 1, fuse: hall, rotation: RST}
"""


def voltline(*arguments: str, api: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voltline.cli.main", "site", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"VOLTLINE_API": api, "NO_COLOR": "1"},
    )


async def test_a_site_is_described_shown_drawn_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "depot.yaml"
    file.write_text(SITE)
    quick = ("--set=procedures.settle_s=0.05", "--set=sites.history_s=0.2", "--set=sites.period_s=0.3")
    with serving(tmp_path / "data", *quick, "--set=sites.lease_s=4", "--set=sites.margin_s=1") as server:
        assert voltline("apply", str(file), api=server.http).stdout == "added Depot 7\n"
        assert voltline("apply", str(file), api=server.http).stdout == "described anew Depot 7\n"
        listed = voltline("list", api=server.http).stdout.splitlines()
        assert listed[1].split("  ")[0] == "Depot 7" and listed[1].endswith("grid, 3 x 63 A")
        async with station(server.ocpp, "CP1") as cp:
            configure(cp)
            lent = Lent(cp)
            await cp.boot()
            await until(lambda: bool(lent.profiles))
            await started(cp)
            await until(lambda: lent.limit == 32)
            shown = voltline("show", "depot 7", api=server.http)
            assert "hall, 40 A" in shown.stdout and "CP1/1" in shown.stdout, shown
            assert "online, transaction 1" in shown.stdout
        picture = tmp_path / "hall.svg"
        drawn = voltline("plot", "Depot 7", "--api", server.http, "--line", "hall", "--out", str(picture))
        assert drawn.returncode == 0, drawn.stderr
        assert "hall, L3" in picture.read_text()
        pixels = tmp_path / "depot.PNG"
        drawn = voltline("plot", "depot 7", "--api", server.http, "--out", str(pixels))
        assert drawn.returncode == 0, drawn.stderr
        assert pixels.read_bytes().startswith(b"\x89PNG")
        assert voltline("remove", "Depot 7", api=server.http).stdout == "removed Depot 7\n"
        gone = voltline("show", "Depot 7", api=server.http)
        assert (gone.returncode, "There is no site 'Depot 7'" in gone.stderr) == (1, True)
        assert "no sites" in voltline("list", api=server.http).stderr


def test_a_broker_that_cannot_be_reached_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    mqtt = "mqtt: {host: 127.0.0.1, port: 9, readings: [{topic: house/meter, fuse: grid}]}\n"
    file.write_text("name: House\nfuses: [{name: grid, rating_a: 35, others_a: 20}]\n" + mqtt)
    with serving(tmp_path / "data") as server:
        assert voltline("apply", str(file), api=server.http).stdout == "added House\n"

        def shown() -> str:
            return voltline("show", "house", api=server.http).stdout

        until_s = time.monotonic() + 20
        while "Connection refused" not in (text := shown()):
            assert time.monotonic() < until_s, text
        assert "mqtt://127.0.0.1:9: not connected since" in text
        assert re.search(r"^house/meter +grid +0 +0 +never +-$", text, re.MULTILINE), text
        assert "meter-unreachable" in text


async def test_the_readings_of_the_page_are_taken(tmp_path: Path) -> None:
    page = (DOCS / "howto" / "sites-live.md").read_text()
    (mqtt,) = re.findall(r"^    mqtt:\n(?:    .*\n)+", page, re.MULTILINE)
    file = tmp_path / "house.yaml"
    file.write_text("name: House\nfuses: [{name: grid, rating_a: 35}]\n" + textwrap.dedent(mqtt))
    file.write_text(file.read_text().replace("broker.example.org", "127.0.0.1"))
    with serving(tmp_path / "data") as server:
        added = voltline("apply", str(file), api=server.http)
        assert added.stdout == "added House\n", added.stderr


async def test_the_commands_of_the_page_do_what_is_said(tmp_path: Path, curl: str) -> None:
    page = (DOCS / "howto" / "sites-live.md").read_text()
    (described,) = re.findall(r"^    name: Depot 7\n(?:    .*\n)+", page, re.MULTILINE)
    file = tmp_path / "depot.yaml"
    file.write_text(textwrap.dedent(described))
    with serving(tmp_path / "data", "--set=sites.history_s=0.2") as server:
        assert voltline("apply", str(file), api=server.http).stdout == "added Depot 7\n"
        reading, need = (
            command.replace("http://127.0.0.1:8080", server.http)
            for command in curl_commands("howto/sites-live.md")
        )
        assert await status_of(reading.replace("\\\n", " "), curl) == "200"
        assert await status_of(need.replace("\\\n", " "), curl) == "409"  # nobody charges there


def test_what_is_wrong_is_one_sentence_with_a_way_out(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        file = tmp_path / "wrong.json"
        file.write_text(
            json.dumps({"name": "X", "fuses": [{"name": "grid", "rating_a": 10, "above": "sky"}]})
        )
        wrong = voltline("apply", str(file), api=server.http)
        assert wrong.returncode == 1
        assert "$.fuses[0].above: no fuse is called 'sky'" in wrong.stderr
        answer = httpx.post(f"{server.http}/api/v1/sites/none/meter", json={"surplus_w": 1})
        assert answer.json()["detail"].startswith("There is no site 'none'")
    file.write_text("[1, 2")
    assert "is no JSON" in voltline("apply", str(file), api=server.http).stderr
    nobody = voltline("list", api="http://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "no central system at http://127.0.0.1:9" in nobody.stderr
    assert "Traceback" not in nobody.stderr


@pytest.mark.parametrize("body", [{"fuse": "grid"}, {}, {"currents_a": [1, 2, 3], "fuse": "sky"}])
def test_a_reading_that_cannot_be_used_says_what_it_lacks(tmp_path: Path, body: dict[str, object]) -> None:
    with serving(tmp_path / "data") as server:
        site = {"name": "S", "fuses": [{"name": "grid", "rating_a": 10}]}
        assert httpx.post(f"{server.http}/api/v1/sites", json=site).status_code == 201
        again = httpx.post(f"{server.http}/api/v1/sites", json=site)
        assert again.status_code == 409 and "PUT" in again.json()["detail"]
        answer = httpx.post(f"{server.http}/api/v1/sites/s/meter", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]
        need = httpx.put(f"{server.http}/api/v1/sites/s/connectors/CP1/1/need", json={"energy_wh": 5})
        assert (need.status_code, need.json()["title"]) == (404, "Unknown connector")
        assert httpx.get(f"{server.http}/api/v1/sites/s/plot.svg?fuse=x").status_code == 404
