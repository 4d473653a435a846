"""The commands of docs/reference/rest-api.md and docs/howto/operations.md do what the pages say."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving import serving
from tests.system.raw_station import station

from voltline.central.api.routes_page import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
START = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}


def lines(name: str, beginning: str) -> list[str]:
    found = re.findall(rf"^    ({beginning} .*)$", (DOCS / name).read_text(), re.MULTILINE)
    assert found
    return found


async def shell(command: str) -> str:
    process = await asyncio.create_subprocess_shell(command, stdout=subprocess.PIPE)
    told, _ = await process.communicate()
    return told.decode()


async def test_every_curl_line_of_the_page_is_answered(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on the PATH")
    data = tmp_path / "data"
    voltline = f"{sys.executable} -m voltline.cli.main"
    token = (await shell(f"{voltline} token add me --role admin --data {data}")).strip()
    with serving(data, "--set", "procedures.after_boot=false") as server:
        async with station(server.ocpp) as cp:
            await cp.boot()
            await cp.call("StartTransaction", START)
            cp.answers |= {
                "ChangeConfiguration": {"status": "Accepted"},
                "ClearCache": {"status": "Accepted"},
                "Reset": {"status": "Accepted"},
            }
            for line in lines("reference/rest-api.md", "curl"):
                asked = line.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1)
                status = await shell(
                    f'API={server.http}/api/v1\nAUTH="Authorization: Bearer {token}"\n{asked}'
                )
                assert status[0] == "2", (line, status)


async def test_every_metric_of_the_page_is_there(tmp_path: Path) -> None:
    named = set(re.findall(r"`(voltline_\w+)", (DOCS / "howto" / "operations.md").read_text()))
    assert len(named) > 12
    with serving(tmp_path / "data") as server:
        text = await shell(f"curl -s {server.http}/metrics")
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) - {"voltline_build"}
    assert named == {name for name in told if name.startswith("voltline_")}


def test_the_page_of_routes_is_up_to_date() -> None:
    written = (DOCS / "reference" / "rest-api-routes.md").read_text()
    command = "python -m voltline.central.api.routes_page > docs/reference/rest-api-routes.md"
    assert written == page(), f"run: {command}"
