"""The commands of docs/howto/charge-points.md do what the page says."""

from pathlib import Path

from tests.serving import serving
from tests.system.pages import curl_commands, status_of
from tests.system.raw_station import station


async def test_every_command_of_the_page_runs(tmp_path: Path, curl: str) -> None:
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
            everything = curl_commands("howto/charge-points.md")
            assert len(everything) > 15
            # What ends the welcome or the connection comes last, and then it can be registered.
            late = ("/reject", "DELETE", "POST $API/charge-points -d")
            order = sorted(everything, key=lambda one: [text in one for text in reversed(late)])
            for command in order:
                known = " -X POST $API/charge-points -d" in command
                told = await status_of(command, curl, API=f"{server.http}/api/v1")
                assert told in (("201",) if known else ("200", "204")), command
