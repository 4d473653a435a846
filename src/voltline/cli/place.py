"""Where the central system's data are: for commands that work on them while, or before, it serves."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar, TypeVarTuple

import typer
from typer.exceptions import TyperException

from voltline.central.folder import DataFolder, UnusableFolder
from voltline.central.services.ports import UnitOfWork
from voltline.central.settings import Settings
from voltline.central.settings_sources import Given, SettingsError, load
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.errors import StorageError
from voltline.central.storage.unit_of_work import SqlStore

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of the database, as given to serve. [./voltline-data]",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings in TOML. [./voltline.toml where there is one]",
        show_default=False,
    ),
]


class Refused(TyperException):
    """It cannot be done; the text says why, and what to do."""

    exit_code = 1


def settings(data: str | None, config: Path | None) -> Settings:
    """The settings that `voltline serve` would have with these options and this environment."""
    flags = [] if data is None else [Given("data.directory", data, "--data")]
    try:
        return load(config=config, environment=os.environ, flags=flags).settings
    except SettingsError as error:
        raise Refused("\n".join(map(str, error.problems))) from None


@contextmanager
def database(of: Settings) -> Iterator[Database]:
    """The database, not yet looked at. What is wrong with it becomes a sentence."""
    try:
        opened = Database(of.data.database_url or sqlite_url(of.data.path / "voltline.db"))
    except StorageError as error:
        raise Refused(str(error)) from None
    try:
        yield opened
    except StorageError as error:
        raise Refused(str(error)) from None
    finally:
        opened.close()


def shown(of: Database) -> str:
    """What to call it: a file by its path, a server by its address without the password."""
    return str(of.url.database) if of.is_sqlite else of.name


@contextmanager
def nobody_serving(of: Settings) -> Iterator[None]:
    """Holds the folder, so that no central system works in it. Refused where one does."""
    try:
        folder = DataFolder(of.data.path)
    except UnusableFolder as error:
        raise Refused(str(error)) from None
    with folder:
        yield


def do(on: Database, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> T:
    """Do a use case, beside a central system that may be serving; what it returns is durable."""
    store = SqlStore(on)
    try:
        unit = store.begin()
        try:
            result = work(unit, *args)
            store.flush()
        except BaseException:
            store.rollback()
            raise
        store.commit()
        return result
    finally:
        store.close()
