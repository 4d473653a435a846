"""What is kept, where and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from voltline.central.settings.section import Section, words


class DataSettings(Section, frozen=True, kw_only=True):
    """Where what the charge points report is kept."""

    directory: Annotated[
        str,
        Meta(
            min_length=1,
            description="Folder of the database and of other files; relative to the folder in which "
            "voltline is started. Made when it is absent.",
        ),
    ] = "voltline-data"
    database_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^(sqlite|postgresql)(\+[a-z]+)?://",
            description="Database: postgresql://user:password@host/name or sqlite:///path. "
            "Empty: SQLite in the file voltline.db in data.directory.",
            extra={
                "secret": True,
                "allowed": "postgresql://user:password@host/name, sqlite:///path or nothing",
            },
        ),
    ] = ""
    max_waiting: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000_000,
            description="When so many messages wait for the database, no more are read from the charge "
            "points until it has caught up.",
            extra={"unit": "messages"},
        ),
    ] = 20_000
    outage_close_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="When the database has been out of reach for so long, charge points are disconnected "
            "and told to come back later: they keep what they could not deliver.",
            extra={"unit": "seconds"},
        ),
    ] = 20.0

    @property
    def path(self) -> Path:
        return Path(self.directory).expanduser()


class RecordingSettings(Section, frozen=True, kw_only=True):
    """A record of every frame, both ways, as JSON lines."""

    enabled: Annotated[
        bool, Meta(description="Record every frame in the folder frames in data.directory.")
    ] = False
    max_file_bytes: Annotated[
        int,
        Meta(
            ge=4096,
            description="Size at which a new file is begun.",
            extra={"unit": "bytes"},
        ),
    ] = 64 * 1024 * 1024
    max_files: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Number of files that are kept.", extra={"unit": "files"}),
    ] = 10


class MessagesSettings(Section, frozen=True, kw_only=True):
    """The message log: every frame, both ways, to be searched by the API."""

    enabled: Annotated[
        bool, Meta(description="Keep the message log, in the file messages.db in data.directory.")
    ] = True
    keep_days: Annotated[
        float, Meta(gt=0, le=36500, description="Frames that are older are removed.", extra={"unit": "days"})
    ] = 30.0
    max_bytes: Annotated[
        int,
        Meta(
            ge=1024 * 1024,
            le=2**50,
            description="When packed frames take up more, the oldest are removed.",
            extra={"unit": "bytes"},
        ),
    ] = 1024 * 1024 * 1024
    leave_out: Annotated[
        str,
        Meta(
            pattern=r"^$|^[A-Za-z]+(\s*,\s*[A-Za-z]+)*$",
            description="Actions whose messages are not kept, separated by commas, such as Heartbeat.",
            extra={"allowed": "names of actions, separated by commas, or nothing"},
        ),
    ] = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return words(self.leave_out)


class CommandsSettings(Section, frozen=True, kw_only=True):
    """The record of every command to a charge point."""

    keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=36500,
            description="How long it is known who had which command sent, and what came of it.",
            extra={"unit": "days"},
        ),
    ] = 400


class EventsSettings(Section, frozen=True, kw_only=True):
    """The stream of events."""

    keep_days: Annotated[
        float, Meta(gt=0, le=36500, description="Events that are older are removed.", extra={"unit": "days"})
    ] = 30.0
    keep_events: Annotated[
        int,
        Meta(
            ge=1000, le=10**9, description="So many of the newest are kept at most.", extra={"unit": "events"}
        ),
    ] = 1_000_000
    transaction_update_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="Time between two events of the readings of one transaction.",
            extra={"unit": "seconds"},
        ),
    ] = 10.0
