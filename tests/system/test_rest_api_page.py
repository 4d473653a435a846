"""The commands of docs/reference/rest-api.md and docs/howto/operations.md do what the pages say."""

import re
import sys
from pathlib import Path

from tests.serving import serving
from tests.system.pages import DOCS, curl_commands, shell, status_of
from tests.system.raw_station import station

from voltline.central.api.routes_page import page

START = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}


async def test_every_curl_line_of_the_page_is_answered(tmp_path: Path, curl: str) -> None:
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
            variables = {"API": f"{server.http}/api/v1", "AUTH": f"Authorization: Bearer {token}"}
            for line in curl_commands("reference/rest-api.md"):
                status = await status_of(line, curl, **variables)
                assert status[0] == "2", (line, status)


async def test_every_metric_of_the_page_is_there(tmp_path: Path, curl: str) -> None:
    named = set(re.findall(r"`(voltline_\w+)", (DOCS / "howto" / "operations.md").read_text()))
    assert len(named) > 12
    with serving(tmp_path / "data") as server:
        text = await shell(f"{curl} -s {server.http}/metrics")
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) - {"voltline_build"}
    assert named == {name for name in told if name.startswith("voltline_")}


def test_the_page_of_routes_is_up_to_date() -> None:
    written = (DOCS / "reference" / "rest-api-routes.md").read_text()
    command = "python -m voltline.central.api.routes_page > docs/reference/rest-api-routes.md"
    assert written == page(), f"run: {command}"
