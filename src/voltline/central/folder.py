"""The folder of a central system: its database, recordings, and a lock so that only one works in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class UnusableFolder(Exception):  # reads well
    """The folder cannot be worked in; the text says why."""


class DataFolder:
    """A folder that this process alone works in, until `close`.

    Two central systems on one database would each know only half of the connections. The lock belongs to
    the process, so a process that was killed leaves none behind.
    """

    def __init__(self, path: Path) -> None:
        """Makes the folder where it is absent. Raises UnusableFolder."""
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "voltline.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UnusableFolder(f"the folder {self.path} cannot be used: {error.strerror}") from error
        if not _locked(self._lock):
            holder = os.read(self._lock, 20).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise UnusableFolder(
                f"another voltline (process {holder or 'unknown'}) works in {self.path}: stop it, or use "
                "another folder"
            )
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    @property
    def database(self) -> Path:
        return self.path / "voltline.db"

    @property
    def messages(self) -> Path:
        return self.path / "messages.db"

    @property
    def quirks(self) -> Path:
        return self.path / "quirks"

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def recording(self) -> Path:
        return self.path / "frames" / "frames.jsonl"

    def close(self) -> None:
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _locked(file: int) -> bool:
    """Take the lock; False: another process has it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
