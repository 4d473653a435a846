"""`voltline db`: looking after the central system's database."""

from pathlib import Path
from typing import Annotated

import typer

from voltline.base.clock import SystemClock
from voltline.central.storage import keeping
from voltline.cli import place

db = typer.Typer(help="Bring the database forward, check it, copy it, put a copy back.", no_args_is_help=True)


@db.command()
def upgrade(data: place.Data = None, config: place.Config = None) -> None:
    """Bring the tables to this version's form. `voltline serve` does so too when it starts."""
    settings = place.settings(data, config)
    with place.database(settings) as database:
        if not database.is_sqlite:
            database.upgrade()
        else:
            with place.nobody_serving(settings):
                database.upgrade()
        typer.echo(f"{place.shown(database)} is up to date")


@db.command()
def check(data: place.Data = None, config: place.Config = None) -> None:
    """Say what is wrong with the database; exit code 1 if anything is. It may be in use meanwhile."""
    with place.database(place.settings(data, config)) as database:
        problems = keeping.check(database)
        for problem in problems:
            typer.echo(problem)
        if problems:
            raise place.Refused(f"{place.shown(database)} is not well")
        typer.echo(f"{place.shown(database)} is well")


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The copy's name; nothing must be there.")],
    data: place.Data = None,
    config: place.Config = None,
) -> None:
    """Copy a SQLite database into FILE while it may be in use; the copy is checked.

    The copy holds all that was acknowledged when it was begun. Uploaded files and the log of messages are not
    in the database: copy the rest of the folder as well where they matter. For PostgreSQL use pg_dump.
    """
    with place.database(place.settings(data, config)) as database:
        size = keeping.back_up(database, file)
    typer.echo(f"{file}: {size / 1e6:.1f} MB, checked")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy that voltline db backup made.")],
    data: place.Data = None,
    config: place.Config = None,
) -> None:
    """Put a copy in the place of the SQLite database, which is kept beside it. Not while one is serving."""
    settings = place.settings(data, config)
    with place.database(settings) as database, place.nobody_serving(settings):
        kept = keeping.restore(database, file, SystemClock().now())
        typer.echo(f"{place.shown(database)} is {file} now")
    if kept is not None:
        typer.echo(f"what was there is {kept} now")
