"""Where a station's records outlive its power: in a folder, or in memory for tests."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
SUFFIX = ".json"
UNFINISHED = ".part"


class Storage(Protocol):
    """Records by name. `keep` returns when the record would survive a loss of power."""

    def load(self) -> Mapping[str, bytes]:
        """Everything that was kept, by name."""
        ...

    def keep(self, name: str, value: bytes | None) -> None:
        """Replace one record, or with None remove it."""
        ...


class MemoryStorage:
    """Outlives a core, not the process."""

    def __init__(self) -> None:
        self._records: dict[str, bytes] = {}

    def load(self) -> Mapping[str, bytes]:
        """A copy of what was kept."""
        return dict(self._records)

    def keep(self, name: str, value: bytes | None) -> None:
        """Replace one record, or with None remove it."""
        if value is None:
            self._records.pop(name, None)
        else:
            self._records[name] = value


class FolderStorage:
    """One file a record, in a folder of the station's own: a record is the old one or the new one, whole."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if need be and hold it until `close`.

        Raises:
            OSError: it cannot be made, read or written.
            FolderInUse: another station holds it.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._directory)
            raise FolderInUse(
                f"another station is using {folder}; stop it, or give this one another folder or identity"
            ) from None

    def load(self) -> Mapping[str, bytes]:
        """Everything that was kept; what a loss of power left half written is swept away.

        Raises:
            OSError: a file cannot be read.
        """
        for unfinished in self.folder.glob(f"*{UNFINISHED}"):
            unfinished.unlink()
        return {path.name.removesuffix(SUFFIX): path.read_bytes() for path in self.folder.glob(f"*{SUFFIX}")}

    def keep(self, name: str, value: bytes | None) -> None:
        """Replace one record, or with None remove it; it is on the disk when this returns.

        Raises:
            OSError: the disk is full or gone.
        """
        assert NAME.fullmatch(name), f"{name!r} is no name of a record"
        path = self.folder / f"{name}{SUFFIX}"
        if value is None:
            with suppress(FileNotFoundError):
                path.unlink()
        else:
            unfinished = path.with_suffix(UNFINISHED)
            with unfinished.open("wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        os.fsync(self._directory)

    def close(self) -> None:
        """Let another station have the folder."""
        os.close(self._directory)


class FolderInUse(OSError):  # reads well, and is shown to people
    """Two stations cannot share one folder: each would undo what the other keeps."""


def folder_of(data: Path, identity: str) -> Path:
    """The folder of this station under a folder that many may share."""
    # An identity may hold anything that a URL can, dots and slashes too (OCPP-J 1.6, 3.1.1).
    return data / quote(identity, safe="").replace(".", "%2E")
