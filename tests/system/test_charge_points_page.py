"""The commands of docs/howto/charge-points.md do what the page says."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from tests.serving import serving
from tests.system.raw_station import station

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "charge-points.md"


def commands() -> list[str]:
    """Everything that begins with curl, with the lines that go on."""
    lines = re.findall(r"^    (.*)$", PAGE.read_text(), re.MULTILINE)
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
                "Reset": {"status": "Accepted"},
                "UnlockConnector": {"status": "Unlocked"},
                "ChangeAvailability": {"status": "Accepted"},
                "TriggerMessage": {"status": "Accepted"},
                "ClearCache": {"status": "Accepted"},
            }
            everything = commands()
            assert len(everything) > 15
            # What ends the welcome or the connection comes last, and then it can be registered.
            late = ("/reject", "DELETE", "POST $API/charge-points -d")
            order = sorted(everything, key=lambda one: [text in one for text in reversed(late)])
            for command in order:
                known = " -X POST $API/charge-points -d" in command
                written = command.replace("curl ", f"{curl} -s -o /dev/null -w '%{{http_code}}' ", 1)
                process = await asyncio.create_subprocess_shell(
                    f"API={server.http}/api/v1\n{written}", stdout=asyncio.subprocess.PIPE
                )
                told, _ = await process.communicate()
                assert told.decode() in (("201",) if known else ("200", "204")), command
