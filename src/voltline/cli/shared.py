"""What several commands have in common: how they are told to stop, and an option."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

StationPassword = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        envvar="VOLTLINE_STATION_PASSWORD",
        help="For HTTP Basic authentication; better by environment.",
    ),
]

Authorities = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Trust these authorities for wss:// (PEM), not the system's."),
]
ClientCertificate = Annotated[
    Path | None,
    typer.Option("--client-cert", metavar="FILE", help="Show this certificate to the central system (PEM)."),
]
ClientKey = Annotated[
    Path | None,
    typer.Option("--client-key", metavar="FILE", help="Its key, where that is another file (PEM)."),
]


def stop_on_signals() -> asyncio.Event:
    """Is set by SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()

    def asked(number: int) -> None:
        if stop.is_set():
            # Asked twice: what was answered is durable, and nothing else is worth waiting for.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked, int(number))
    return stop
