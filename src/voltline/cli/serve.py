"""`voltline serve`: the central system as a process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from voltline.central.settings_sources import Given, Loaded, SettingsError, assignment, load


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address to listen on, for OCPP and HTTP. [127.0.0.1]", show_default=False
        ),
    ] = None,
    ocpp_port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT", help="Port for charge points; 0 picks a free one. [9000]", show_default=False
        ),
    ] = None,
    http_port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT", help="Port of the REST API; 0 picks a free one. [8080]", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the database and other files. [./voltline-data]",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Settings in TOML. [./voltline.toml where there is one]", show_default=False
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any setting, such as ocpp.strict=true; may be repeated."
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the settings and where they come from, and exit.")
    ] = False,
) -> None:
    """Run the central system: charge points connect by OCPP 1.6, you use the REST API.

    Prints one line with its addresses when it is ready. SIGTERM or ctrl-C stops it: what has arrived is
    stored and answered first. A second one stops it at once.
    """
    try:
        flags = [
            Given(name, value, flag)
            for name, value, flag in (
                ("ocpp.host", host, "--host"),
                ("http.host", host, "--host"),
                ("ocpp.port", ocpp_port, "--ocpp-port"),
                ("http.port", http_port, "--http-port"),
                ("data.directory", data, "--data"),
            )
            if value is not None
        ]
        flags += [assignment(text) for text in set_ or ()]
        loaded = load(config=config, environment=os.environ, flags=flags)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"voltline serve: {problem}", err=True)
        raise typer.Exit(2) from None
    if print_config:
        typer.echo("\n".join(loaded.lines()))
        return
    _run(loaded)


def _run(loaded: Loaded) -> None:
    # The central system takes a third of a second to import; wrong settings should not wait for it.
    from voltline.central.app import CannotStart
    from voltline.central.process import run

    try:
        run(loaded.settings, announce=typer.echo)
    except CannotStart as error:
        typer.echo(f"voltline serve: {error}", err=True)
        raise typer.Exit(1) from None
