"""Which detectors look, and how, where a command inspects what passes."""

from __future__ import annotations

from typing import Annotated

import typer

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="ID", help="Look with this detector only, or this group: R03, T."),
]
Without = Annotated[
    list[str] | None, typer.Option("--without", metavar="ID", help="Leave out a detector or group.")
]
Changed = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ID.NAME=VALUE", help="Change a threshold: --set R03.after_s=5."),
]
Folders = Annotated[
    list[str] | None,
    typer.Option("--detectors", metavar="FOLDER", help="Look with the detectors in this folder too."),
]


def setting_of(text: str) -> tuple[str, str, str]:
    """Detector id, name and value of a --set. Raises typer.BadParameter."""
    name, equals, value = text.partition("=")
    detector, dot, key = name.partition(".")
    if not (equals and dot and detector and key):
        raise typer.BadParameter(f"--set wants ID.NAME=VALUE, as in R03.after_s=5; not {text!r}")
    return detector.strip(), key.strip(), value.strip()
