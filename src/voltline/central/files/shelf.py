"""The folder of files: firmware/{random}/{name} from operators, uploads/{user}/{name} from charge points.

Nothing that a client says becomes part of a path but a name that `safe_name` has made harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from voltline.central.domain.files import Content, StoredFile, UploadLimits, safe_name
from voltline.central.services.ports.files import NoSpace, TooLarge

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOOK_EVERY = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_PART = ".part"


class Incoming:
    """A file that is being written: counted, hashed, and within limits. Not for several threads at once."""

    def __init__(self, path: Path, limits: UploadLimits, *, mode: str = "wb") -> None:
        """`mode` as for `open`; "ab" and "r+b" go on with a file that is there. Raises NoSpace, OSError."""
        self.path = path
        self._limits = limits
        self._unlooked = 0
        self._hash = hashlib.sha256() if mode == "wb" else None
        _require_space(path.parent, limits)
        self._file: IO[bytes] = open(path, mode)  # noqa: SIM115 - closed by finish or close
        self.name = str(path)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def write(self, data: bytes) -> int:
        """Raises NoSpace, TooLarge."""
        self._unlooked += len(data)
        try:
            if self._unlooked >= _LOOK_EVERY:
                self._unlooked = 0
                _require_space(self.path.parent, self._limits)
            written = self._file.write(data)
            if self._file.tell() > self._limits.max_bytes:
                raise TooLarge(f"files may have {self._limits.max_bytes} bytes at most")
        except OSError as error:
            raise _problem(error) from error
        if self._hash is not None:
            self._hash.update(data)
        return written

    def close(self) -> None:
        """Nothing more is written; what was written stays. Raises NoSpace."""
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _problem(error) from error
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Nothing more is written, and what was does not matter."""
        with contextlib.suppress(OSError):
            self._file.close()

    def digest(self) -> str:
        """SHA-256 of the whole file, in hexadecimal."""
        return sha256_of(self.path) if self._hash is None else self._hash.hexdigest()


class Shelf:
    """The folder, and the limits of what is put there."""

    def __init__(self, root: Path, limits: UploadLimits) -> None:
        """Makes the folder where it is absent, and removes what was never finished. Raises OSError."""
        self.root = root
        self.limits = limits
        for folder in ("firmware", "uploads"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for left in root.glob(f"*/*/*{_PART}"):
            left.unlink(missing_ok=True)

    def path(self, file: StoredFile) -> Path:
        return self.root / file.path

    def require_space(self) -> None:
        """Raises NoSpace."""
        _require_space(self.root, self.limits)

    def job_folder(self, user: str) -> Path:
        """Where what comes by this access is put. `user` is of our own making."""
        folder = self.root / "uploads" / user
        folder.mkdir(exist_ok=True)
        return folder

    def has_room(self, user: str, name: str) -> bool:
        """Whether one more file may come by this access, or replace one that did."""
        folder = self.job_folder(user)
        names = {entry.name for entry in folder.iterdir()}
        return name in names or len(names) < self.limits.max_files

    async def keep(self, name: str, chunks: AsyncIterator[bytes]) -> Content:
        """See `services.ports.files.FileShelf`."""
        folder = self.root / "firmware" / secrets.token_hex(16)
        folder.mkdir()
        try:
            return await self.receive(folder / safe_name(name), name, chunks)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def receive(self, path: Path, name: str, chunks: AsyncIterator[bytes]) -> Content:
        """Write a file to this place, whole or not at all. Raises NoSpace, TooLarge, what `chunks` raises."""
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}")
        incoming = await asyncio.to_thread(Incoming, part, self.limits)
        try:
            waiting = bytearray()
            async for chunk in chunks:
                waiting += chunk
                if len(waiting) >= _CHUNK:
                    await asyncio.to_thread(incoming.write, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(incoming.write, bytes(waiting))
            await asyncio.to_thread(incoming.close)
            os.replace(part, path)
        except BaseException:
            incoming.abandon()
            part.unlink(missing_ok=True)
            raise
        return self.content(path, name, incoming)

    def content(self, path: Path, name: str, incoming: Incoming) -> Content:
        """What is said of a file that was written."""
        return Content(
            name=name[:255],
            path=path.relative_to(self.root).as_posix(),
            size_bytes=path.stat().st_size,
            sha256=incoming.digest(),
        )

    async def discard(self, path: str) -> None:
        """See `services.ports.files.FileShelf`."""
        await asyncio.to_thread(self._discard, self.root / path)

    def _discard(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # there are others in it, or it is gone
            path.parent.rmdir()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_space(folder: Path, limits: UploadLimits) -> None:
    if shutil.disk_usage(folder).free < limits.min_free_bytes:
        raise NoSpace("there is no more room for files")


def _problem(error: OSError) -> Exception:
    if isinstance(error, NoSpace | TooLarge):
        return error
    return NoSpace("there is no more room for files") if error.errno in _FULL else error
