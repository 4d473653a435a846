"""The commands of docs/howto/smart-charging.md, and the example of docs/howto/quirks.md, do what is said."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from tests.serving import serving
from tests.system.raw_station import station

from voltline.quirks.loading import built_in, read

PAGES = Path(__file__).resolve().parents[2] / "docs" / "howto"


def commands() -> list[str]:
    """Everything that begins with curl, with the lines that go on."""
    lines = re.findall(r"^    (.*)$", (PAGES / "smart-charging.md").read_text(), re.MULTILINE)
    found: list[str] = []
    for line in lines:
        if line.startswith("curl"):
            found.append(line)
        elif found and found[-1].count("'") % 2:
            found[-1] += "\n" + line
    return found


async def test_every_command_of_the_page_runs(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on the PATH")
    with serving(tmp_path / "data", "--set", "procedures.after_boot=false") as server:
        async with station(server.ocpp) as cp:
            await cp.boot()
            cp.answers |= {
                "SetChargingProfile": {"status": "Accepted"},
                "ClearChargingProfile": {"status": "Accepted"},
                "GetCompositeSchedule": {"status": "Rejected"},
            }
            everything = commands()
            assert len(everything) > 8
            for command in everything:
                written = command.replace("curl ", f"{curl} -s -o /dev/null -w '%{{http_code}}' ", 1)
                process = await asyncio.create_subprocess_shell(
                    f"API={server.http}/api/v1\n{written}", stdout=asyncio.subprocess.PIPE
                )
                told, _ = await process.communicate()
                assert told.decode() == "200", command


def test_the_example_of_quirks_can_be_used() -> None:
    page = (PAGES / "quirks.md").read_text()
    (example,) = re.findall(r"((?:^    .*\n|\n)*^    \[\[quirk\]\](?:\n    .*|\n)*)", page, re.MULTILINE)
    text = "\n".join(line[4:] for line in example.splitlines())
    found = read(text, "quirks.md", {one.id: one for one in built_in()})
    assert [one.id for one in found] == ["acme-long-tags", "acme-sleepy"]
