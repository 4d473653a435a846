"""The commands that pages of the documentation show, and running them."""

import asyncio
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def curl_commands(page: str) -> list[str]:
    """Everything on the page that begins with curl, with the lines that go on."""
    found: list[str] = []
    for line in re.findall(r"^    (.*)$", (DOCS / page).read_text(), re.MULTILINE):
        if line.startswith("curl"):
            found.append(line)
        elif found and found[-1].count("'") % 2:
            found[-1] += "\n" + line
    assert found
    return found


async def shell(command: str) -> str:
    """What the command prints."""
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    return told.decode()


async def status_of(command: str, curl: str, **variables: str) -> str:
    """The status that the server answers a curl command with; `variables` are the shell's."""
    given = "".join(f'{name}="{value}"\n' for name, value in variables.items())
    return await shell(given + command.replace("curl ", f"{curl} -s -o /dev/null -w '%{{http_code}}' ", 1))
