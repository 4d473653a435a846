"""The commands of docs/howto/smart-charging.md, and the example of docs/howto/quirks.md, do what is said."""

import re
from pathlib import Path

from tests.serving import serving
from tests.system.pages import DOCS, curl_commands, status_of
from tests.system.raw_station import station

from voltline.quirks.loading import built_in, read


async def test_every_command_of_the_page_runs(tmp_path: Path, curl: str) -> None:
    with serving(tmp_path / "data", "--set", "procedures.after_boot=false") as server:
        async with station(server.ocpp) as cp:
            await cp.boot()
            cp.answers |= {
                "SetChargingProfile": {"status": "Accepted"},
                "ClearChargingProfile": {"status": "Accepted"},
                "GetCompositeSchedule": {"status": "Rejected"},
            }
            everything = curl_commands("howto/smart-charging.md")
            assert len(everything) > 8
            for command in everything:
                told = await status_of(command, curl, API=f"{server.http}/api/v1")
                assert told == "200", command


def test_the_example_of_quirks_can_be_used() -> None:
    page = (DOCS / "howto" / "quirks.md").read_text()
    (example,) = re.findall(r"((?:^    .*\n|\n)*^    \[\[quirk\]\](?:\n    .*|\n)*)", page, re.MULTILINE)
    text = "\n".join(line[4:] for line in example.splitlines())
    found = read(text, "quirks.md", {one.id: one for one in built_in()})
    assert [one.id for one in found] == ["acme-long-tags", "acme-sleepy"]
