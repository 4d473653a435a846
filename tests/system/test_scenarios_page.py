"""The scenario that docs/howto/scenarios.md writes, and its Python, do what is said."""

import re
import textwrap
from pathlib import Path

from tests.system.central_here import central_here
from tests.system.pages import DOCS

from voltline.central.settings import FilesSettings
from voltline.station.simulator.scenario.central import RestApi
from voltline.station.simulator.scenario.context import Surroundings
from voltline.station.simulator.scenario.library import shipped
from voltline.station.simulator.scenario.reading import read_scenario
from voltline.station.simulator.scenario.running import run

PAGE = (DOCS / "howto" / "scenarios.md").read_text()
FILES = FilesSettings(http_port=0, ftp_port=0)


def block(beginning: str) -> str:
    """The indented text on the page that begins so."""
    (found,) = re.findall(rf"^    {re.escape(beginning)}.*\n(?:(?:    .*)?\n)*", PAGE, re.MULTILINE)
    return textwrap.dedent(found)


async def test_the_scenario_of_the_page_passes(tmp_path: Path):
    scenario = read_scenario("mine.yaml", block("about:"))
    async with central_here(tmp_path, files=FILES) as (url, api):
        where = Surroundings(endpoint=url, identity="CP1", api=RestApi(str(api.base_url)))
        outcome = await run(scenario, where)
    assert outcome.failure is None, outcome.failure


async def test_the_python_of_the_page_runs(tmp_path: Path):
    lines = block("from voltline").splitlines()
    asked = "\n".join(line for line in lines if not line.startswith("from "))
    program = (
        "async def page(run, shipped, Surroundings):\n"
        + textwrap.indent(asked, "    ")
        + "\n    return outcome"
    )
    async with central_here(tmp_path, files=FILES) as (url, _):
        names: dict[str, object] = {}
        exec(program.replace("ws://127.0.0.1:9000/ocpp", url), names)
        outcome = await names["page"](run, shipped, Surroundings)  # type: ignore[operator]
    assert outcome.failure is None


def test_the_pages_of_options_name_options_that_there_are():
    source = (Path(__file__).parents[2] / "src/voltline/cli/station_run.py").read_text()
    for option in set(re.findall(r"`(--[a-z-]+)", PAGE)):
        assert f'"{option}"' in source or f"{option[2:]}: Annotated" in source, option
