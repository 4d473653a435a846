"""`voltline station run`: a scenario, step by step, with an exit code that says how it went."""

from __future__ import annotations

import asyncio
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from voltline.cli.shared import StationPassword

DEFAULT_URL = "ws://127.0.0.1:9000/ocpp"
DEFAULT_API = "http://127.0.0.1:8080"


class Unusable(TyperException):
    """The scenario cannot be run; the text says why."""

    exit_code = 2


def station_run(
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A file, or the name of one that comes with Voltline."),
    ] = None,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where the central system listens, without the identity.")
    ] = DEFAULT_URL,
    identity: Annotated[
        str,
        typer.Option("--id", metavar="ID", help="Identity of the charge point; of several its beginning."),
    ] = "CP1",
    api: Annotated[
        str, typer.Option(metavar="URL", help="REST API of the Voltline that is asked to send commands.")
    ] = DEFAULT_API,
    token: Annotated[
        str | None,
        typer.Option(metavar="TEXT", envvar="VOLTLINE_TOKEN", help="For the API; better by environment."),
    ] = None,
    by_hand: Annotated[
        bool,
        typer.Option(
            "--by-hand",
            help="Ask nobody: say what the central system has to send, and wait until somebody has it sent.",
        ),
    ] = False,
    speed: Annotated[
        float, typer.Option(metavar="N", min=1, max=1000, help="So much faster than real time.")
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed gives the same cars, meters and chance.")
    ] = 0,
    report: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write a report there; - is stdout.")
    ] = None,
    password: StationPassword = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what fails.")] = False,
    messages: Annotated[
        bool, typer.Option("--messages", "-m", help="Show every message between the steps.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List those that come with Voltline.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only say whether it can be run.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print its file, to make one of your own of it.")
    ] = False,
) -> int:
    """Run a scenario on simulated charge points against a central system.

    The exit code is 0 when every step came out as expected, 1 when one did not, 2 when it cannot be run.
    """
    if list_:
        return _list()
    if scenario is None:
        raise Unusable("name a scenario: a file, or one of 'voltline station run --list'")
    source, text = _text(scenario)
    if show:
        print(text, end="")
        return 0
    # Late, so that --help need not wait for them.
    from voltline.cli.station_run_face import Face
    from voltline.station.simulator.scenario.central import RestApi
    from voltline.station.simulator.scenario.context import Surroundings
    from voltline.station.simulator.scenario.reading import read_scenario
    from voltline.station.simulator.scenario.report import json_report
    from voltline.station.simulator.scenario.running import run
    from voltline.station.simulator.yaml_text import Unreadable

    try:
        read = read_scenario(source, text)
    except Unreadable as error:
        count = len(error.problems)
        raise Unusable(f"{count} problem{'s' if count > 1 else ''}\n{error}") from None
    if check:
        print(f"{source}: can be run: {read.about}")
        return 0
    to_stdout = report is not None and str(report) == "-"
    if report is not None and not report.absolute().parent.is_dir():
        raise typer.BadParameter(f"--json {report}: there is no folder {report.absolute().parent}")
    face = Face(read, quiet=quiet or to_stdout, messages=messages)
    try:
        where = Surroundings(
            endpoint=url,
            identity=identity,
            api=None if by_hand else RestApi(api, token),
            password=password,
            seed=seed,
            speed=speed,
        )
        outcome = asyncio.run(run(read, where, face))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if report is not None:
        written = json_report(read, outcome, seed)
        if to_stdout:
            sys.stdout.write(written.decode())
        else:
            report.write_bytes(written)
    face.ended(outcome)
    return 0 if outcome.failure is None else 1


def _text(scenario: str) -> tuple[str, str]:
    """What errors call the file, and what is in it."""
    from voltline.station.simulator.scenario.library import SUFFIX, shipped_texts

    path = Path(scenario)
    texts = shipped_texts()
    if path.suffix in (".yaml", ".yml") or path.is_file():
        try:
            return scenario, path.read_text("utf-8")
        except UnicodeDecodeError:
            raise Unusable(f"{scenario} is no text in UTF-8") from None
        except OSError as error:
            raise Unusable(f"{scenario} cannot be read: {error.strerror}") from None
    if scenario not in texts:
        near = get_close_matches(scenario, texts, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise Unusable(
            f"no scenario is called {scenario!r}.{hint} 'voltline station run --list' has those that come "
            "with Voltline; a file's name ends in .yaml"
        )
    return scenario + SUFFIX, texts[scenario]


def _list() -> int:
    from voltline.station.simulator.scenario.library import shipped, shipped_texts

    names = list(shipped_texts())
    width = max(map(len, names), default=0)
    for name in names:
        print(f"{name:<{width}}  {shipped(name).about}")
    return 0
