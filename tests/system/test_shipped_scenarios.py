"""Every scenario that comes with Voltline, against its own central system, all at once."""

import asyncio
from pathlib import Path

from tests.system.central_here import central_here

from voltline.central.settings import FilesSettings, LocalListsSettings
from voltline.cli.station_lines import exchange_line
from voltline.station.simulator.scenario.central import RestApi
from voltline.station.simulator.scenario.context import Surroundings
from voltline.station.simulator.scenario.library import shipped, shipped_texts
from voltline.station.simulator.scenario.running import Outcome, run
from voltline.transport.client import ClientOptions

LEAST = 30
LONGEST_S = 60.0
HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)


def story(name: str, outcome: Outcome) -> str:
    """What one needs to know of a failure."""
    failure = outcome.failure
    assert failure is not None
    last = "\n".join(f"  {identity} {at:%H:%M:%S} {exchange_line(one)}" for identity, at, one in failure.last)
    where = f"{name}.yaml:{failure.step.place.line}"
    return f"{where}: expected {failure.expected}; instead {failure.instead}\n{last}"


async def run_all(url: str, rest: RestApi, names: list[str]) -> list[str]:
    """The stories of those that failed."""
    outcomes = await asyncio.gather(
        *(
            run(shipped(name), Surroundings(endpoint=url, identity=f"SC-{n}", api=rest, client=HASTE))
            for n, name in enumerate(names)
        )
    )
    return [story(name, one) for name, one in zip(names, outcomes, strict=True) if one.failure is not None]


async def test_all_shipped_scenarios_pass_within_a_minute_and_then_once_more(tmp_path: Path):
    names = list(shipped_texts())
    assert len(names) >= LEAST
    began = asyncio.get_running_loop().time()
    # Tags that one scenario registers must not change the lists and caches of another's station.
    files = FilesSettings(http_port=0, ftp_port=0)
    quiet = LocalListsSettings(enabled=False)
    async with central_here(tmp_path, files=files, local_lists=quiet) as (url, api):
        rest = RestApi(str(api.base_url))
        for turn in ("first", "second"):  # what one run leaves behind does not disturb the next
            failed = await run_all(url, rest, names)
            assert not failed, f"in the {turn} run:\n" + "\n\n".join(failed)
            if turn == "first":
                assert asyncio.get_running_loop().time() - began < LONGEST_S
