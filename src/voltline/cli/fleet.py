"""`voltline fleet`: thousands of simulated charge points that behave like the drivers of a place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from voltline.cli.shared import StationPassword


class FleetFailed(TyperException):
    """The fleet cannot be started; the text says why."""

    exit_code = 2


def fleet(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="Where the central system listens, without the identity: ws://127.0.0.1:9000/ocpp",
            show_default=False,
        ),
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="How many stations.")] = 100,
    profile: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="One of --profiles, or a YAML file.")
    ] = "workplace",
    profiles: Annotated[
        bool, typer.Option("--profiles", help="List the profiles that come with Voltline, and exit.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the profile, to begin a file of your own with, and exit.")
    ] = False,
    ramp: Annotated[
        float, typer.Option(metavar="N", min=0.1, help="Stations that are switched on in a second.")
    ] = 100.0,
    speed: Annotated[
        float, typer.Option(metavar="X", min=0.01, help="How many seconds of theirs go by in one.")
    ] = 1.0,
    hour: Annotated[
        float | None,
        typer.Option(
            metavar="0-24", min=0, max=24, help="The time of day at which it begins.", show_default="now"
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="End it by itself.", show_default="until ctrl-C"),
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Share the stations among so many processes.")
    ] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same visits.")] = 0,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Identities begin with it; a number follows.")
    ] = "FLEET",
    password: StationPassword = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write a report at the end: .html to read, .json to compute; may be repeated.",
        ),
    ] = None,
) -> int:
    """Run a fleet of simulated charge points against any OCPP 1.6 central system.

    Cars come and go as the profile says. Ctrl-C ends transactions and delivers what is queued; a second one
    ends it at once. Exits with 1 if transaction messages were not delivered, or no station ever connected.
    """
    # Late, so that --help need not wait for them.
    from voltline.cli.fleet_process import Plan, run
    from voltline.station.simulator.fleet.fleet import FleetOptions
    from voltline.station.simulator.fleet.profile_reading import Unreadable, read_profile, shipped

    known = shipped()
    if profiles:
        for name, text in known.items():
            typer.echo(f"{name:15} {read_profile(name, text).about}")
        return 0
    source, text = _text_of(profile, known)
    if show:
        typer.echo(text, nl=False)
        return 0
    if url is None:
        raise typer.BadParameter(
            "URL is missing: where the central system listens, as ws://127.0.0.1:9000/ocpp"
        )
    for path in report or ():
        if path.suffix not in (".html", ".json"):
            raise typer.BadParameter(f"--report writes .html and .json, not {path.suffix or path.name!r}")
        if not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"--report {path}: there is no folder {path.absolute().parent}")
    if processes > count:
        raise typer.BadParameter(f"--processes {processes} is more than --count {count}: one would be idle")
    try:
        options = FleetOptions(
            endpoint=url,
            count=count,
            profile=read_profile(source, text),
            prefix=prefix,
            ramp=ramp,
            speed=speed,
            hour=_hour_now() if hour is None else hour % 24,
            seed=seed,
            password=password,
            processes=processes,
        )
        return run(Plan(options, duration, tuple(report or ())))
    except Unreadable as error:
        raise FleetFailed(f"the profile cannot be used:\n{error}") from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _text_of(profile: str, known: dict[str, str]) -> tuple[str, str]:
    if profile in known:
        return profile, known[profile]
    try:
        return profile, Path(profile).read_text("utf-8")
    except FileNotFoundError:
        raise typer.BadParameter(
            f"--profile {profile}: no such file, and no profile of that name; there are {', '.join(known)}"
        ) from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"--profile {profile}: the file is not UTF-8 text") from None


def _hour_now() -> float:
    from datetime import datetime

    now = datetime.now().astimezone()
    return now.hour + now.minute / 60
