"""`voltline station`: a simulated charge point as a process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voltline.cli.shared import StationPassword

if TYPE_CHECKING:
    from voltline.station.simulator.options import StationOptions

AUTO_TAGS = ("04A2B6C81F5E80", "04D3917A2B6C81", "049F5E8016C7A2")


def _templates(wanted: bool) -> None:
    if not wanted:
        return
    from voltline.cli.layout import output_width, table
    from voltline.station.simulator.templates import templates

    rows = [(name, one.title) for name, one in templates().items()]
    typer.echo("\n".join(table(rows, output_width(), indent=0)))
    raise typer.Exit


def station(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="Where the central system listens, without the identity: ws://127.0.0.1:9000/ocpp",
        ),
    ],
    identity: Annotated[
        str, typer.Option("--id", metavar="ID", help="Identity of the charge point.")
    ] = "CP1",
    connectors: Annotated[int, typer.Option(metavar="N", min=1, max=99, help="How many it has.")] = 1,
    auto: Annotated[bool, typer.Option("--auto", help="Let cars come, charge and go by themselves.")] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="The id tag that is presented where you name none; may be repeated for --auto.",
            show_default="three of its own",
        ),
    ] = None,
    power: Annotated[
        float, typer.Option(metavar="WATT", min=1, help="Most power of a connector.")
    ] = 11_000.0,
    phases: Annotated[
        int, typer.Option(metavar="N", min=0, max=3, help="Of a connector: 1 or 3; 0 is direct current.")
    ] = 3,
    tethered: Annotated[bool, typer.Option("--tethered", help="Its cables are fixed to it.")] = False,
    vendor: Annotated[str, typer.Option(metavar="TEXT", help="Vendor in BootNotification.")] = "Voltline",
    model: Annotated[str, typer.Option(metavar="TEXT", help="Model in BootNotification.")] = "Simulated AC",
    firmware: Annotated[str, typer.Option(metavar="TEXT", help="Version in BootNotification.")] = "1.0.0",
    password: StationPassword = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A configuration key to begin with, such as MeterValueSampleInterval=10; may be repeated.",
        ),
    ] = None,
    stay: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="With --auto: how long a car stays, about.")
    ] = 600.0,
    pause: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="With --auto: between two cars, about.")
    ] = 60.0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed gives the same cars, meters and drivers.")
    ] = 0,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Be a charge point of this make, with its habits; --templates lists them, a .toml file is "
            "one of your own. Options beside it change single things.",
        ),
    ] = None,
    list_templates: Annotated[
        bool,
        typer.Option("--templates", help="List the templates and leave.", is_eager=True, callback=_templates),
    ] = False,
    quirks: Annotated[
        bool | None,
        typer.Option(
            "--quirks/--no-quirks",
            help="Get wrong what charge points of this vendor, model and firmware are known to get wrong.",
            show_default="with a template",
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            metavar="N", min=0.001, max=100_000, help="Let time pass so many times faster than it does."
        ),
    ] = 1.0,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT", help="Serve the control API there; without a host for this machine only."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep there, in a folder named by the identity, what outlives a loss of power: "
            "configuration, queue, lists, meters. Without it the station is new every time.",
        ),
    ] = None,
    view: Annotated[
        bool, typer.Option("--view", help="Show the station on the whole screen, where there is one.")
    ] = False,
) -> int:
    """Run a simulated charge point against any OCPP 1.6 central system.

    Type commands at its prompt, or into a pipe: 'help' lists them. Every exchange is one line. SIGTERM or
    ctrl-C ends transactions first and then the station; a second one ends it at once.

    'voltline station run' runs a scenario instead: what happens to the station, and what must come of it.
    """
    # Late, so that --help need not wait for them.
    import msgspec

    from voltline.cli.station_process import Faces, run
    from voltline.station.core.hardware import Outlet
    from voltline.station.simulator.visits import Rhythm

    if url.rstrip("/").endswith(f"/{identity}"):
        raise typer.BadParameter(f"leave /{identity} away from URL: the identity is put behind it")
    tags = tuple(tag or AUTO_TAGS)
    if wrong := [one for one in tags if not 0 < len(one) <= 20]:
        raise typer.BadParameter(f"an id tag has 1 to 20 characters, {wrong[0]!r} has {len(wrong[0])}")
    make = {
        "connectors": connectors,
        "tethered": Outlet.TETHERED if tethered else Outlet.SOCKET,
        "phases": phases,
        "power": power,
        "vendor": vendor,
        "model": model,
        "firmware": firmware,
    }
    options = msgspec.structs.replace(
        _made(context, template, make),
        seed=seed,
        speed=speed,
        quirky=template is not None if quirks is None else quirks,
        configuration=tuple(_assignment(text) for text in set_ or ()),
        auto=Rhythm(stay_s=stay, pause_s=pause) if auto else None,
        id_tags=tags,
    )
    try:
        faces = Faces(control=None if control is None else _address(control), view=view)
        return run(url, identity, options, password, faces, data)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


_FIELDS = {"tethered": "outlet", "power": "power_w", "firmware": "firmware_version"}
"""Options that have another name where the station is made."""


def _made(context: typer.Context, template: str | None, make: dict[str, Any]) -> StationOptions:
    """The make of the options, or of the template but for the options that were given beside it."""
    from voltline.station.simulator.options import StationOptions
    from voltline.station.simulator.templates import InvalidTemplate
    from voltline.station.simulator.templates import template as template_of

    def given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name != "DEFAULT"

    said = {_FIELDS.get(name, name): value for name, value in make.items() if template is None or given(name)}
    if template is None:
        return StationOptions(**said)
    try:
        return template_of(template).options(**said)
    except InvalidTemplate as error:
        raise typer.BadParameter(str(error)) from None


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"--set takes KEY=VALUE, {text!r} has no '='")
    return key.strip(), value


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise typer.BadParameter(
            f"--control takes PORT or HOST:PORT, as in 8090 or 0.0.0.0:8090, not {text!r}"
        )
    return host.strip("[]") or "127.0.0.1", int(port)
