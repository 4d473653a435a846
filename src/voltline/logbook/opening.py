"""Files, folders, archives and standard input, to sources: one log each, in the order in which to read them.

What a file is, its first bytes say. A file that cannot be read is not passed over: its source says why
when it is opened.
"""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec

from voltline.logbook.readers.file_per_frame import FILE_NAME
from voltline.logbook.rotation import first_time, natural, rotation_of

__all__ = ["STDIN", "Source", "Unreadable", "sources"]

STDIN = "-"
DEEPEST = 4
"""Archives within archives that are opened."""
HEAD = 512
BUFFER = 1024 * 1024

_GZIP, _BZIP2, _XZ, _ZIP, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_OFFICE = (b"[Content_Types].xml", b"_rels/.rels", b"docProps/", b"mimetype")
_ZIP_MARKS = (_ZIP, b"PK\x05\x06", b"PK\x07\x08")
_FOREIGN = (
    (b"%PDF", "a PDF document: copy its text into a file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database: export the table of messages as CSV"),
    (b"LPKSHHRH", "a systemd journal: give the output of journalctl --file=NAME"),
    (b"ElfFile", "a Windows event log: export it as CSV"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (_ZSTD, "compressed with zstd: decompress it with zstd -d first"),
    (b"\xd0\xcf\x11\xe0", "an old Office document: save it as CSV or text"),
)
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_CAPTURES = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)


class Unreadable(Exception):
    """A log cannot be read: what, where, what to do instead."""


class _Stream(io.RawIOBase):
    """Bytes of a log. A fault on the way ends them, and is told afterwards."""

    def __init__(self, name: str, inner: io.BufferedIOBase, head: bytes = b"") -> None:
        self.problem: str | None = None
        self._name = name
        self._inner = inner
        self._head = head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        if self._head:
            given, self._head = self._head[: len(view)], self._head[len(view) :]
        else:
            try:
                given = self._inner.read1(len(view))
            except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as fault:
                self.problem = f"{self._name}: it ends early, what is left cannot be unpacked ({fault})"
                return 0
        view[: len(given)] = given
        return len(given)


class Source(msgspec.Struct, frozen=True):
    """One log: a file, a member of an archive, or standard input. Can be sent to another process."""

    name: str
    """As shown to a person."""
    path: str
    """The file, or `-`."""
    members: tuple[str, ...] = ()
    """The way into the archive that the file is."""
    size: int | None = None
    """Bytes, where known: of the member if it is one, of the file, packed or not, otherwise."""
    log: str = ""
    """Sources with the same `log` are parts of one, rotated, and follow each other in the order given."""
    pieces: tuple["Source", ...] = ()
    """One file a frame: the files, which are read as one log whose lines are `NAME:frame`."""

    @contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """The bytes of the log. Raises Unreadable, also at the end if they ended too early."""
        with ExitStack() as stack:
            if self.pieces:
                inner: io.BufferedIOBase = io.BufferedReader(_Pieces(self.pieces))
            else:
                inner = cast(io.BufferedIOBase, _layers(stack, self.path, self.members, self.name))
            head = inner.read(HEAD)
            _refuse_binary(self.name, head)
            stream = _Stream(self.name, inner, head)
            yield io.BufferedReader(stream, BUFFER)
            if stream.problem is not None:
                raise Unreadable(stream.problem)


class _Pieces(io.RawIOBase):
    """`NAME:content` of one small file after the other."""

    def __init__(self, pieces: Sequence[Source]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            with piece.open() as stream:
                content = (
                    stream.read(BUFFER)
                    .replace(b"\r", b" ")
                    .replace(b"\n", b" ")
                    .removeprefix(b"\xef\xbb\xbf")
                )
            self._rest = piece.name.rpartition("/")[2].encode() + b":" + content + b"\n"
        given, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(given)] = given
        return len(given)


def sources(paths: Sequence[str | Path | Source]) -> list[Source]:
    """The logs that these files and folders hold; `-` is standard input. A source is taken as it is.

    Rotated files of one log are in the order of time. Raises Unreadable where there is nothing at a path.
    """
    found: list[Source] = []
    for path in paths:
        if isinstance(path, Source):
            found.append(path)
        elif str(path) == STDIN:
            found.append(Source("standard input", STDIN, log="standard input"))
        else:
            found += _at(Path(path))
    return _in_order(_joined(found))


def _at(path: Path) -> list[Source]:
    if path.is_dir():
        inside = sorted(entry for entry in path.rglob("*") if entry.is_file() and not _hidden(entry, path))
        if not os.access(path, os.R_OK | os.X_OK):
            raise Unreadable(
                f"{path}: reading the folder is not permitted; change its permissions or copy it"
            )
        if not inside:
            raise Unreadable(f"{path}: the folder is empty; give a log, or a folder with logs in it")
        return [source for entry in inside for source in _in_file(entry)]
    if not path.exists():
        raise Unreadable(
            f"{path}: there is no such file; give a log, a folder, an archive, or - for standard input"
        )
    return _in_file(path)


def _hidden(entry: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in entry.relative_to(folder).parts)


def _in_file(path: Path) -> list[Source]:
    if not path.is_file():
        return [Source(str(path), str(path))]  # a pipe: it can be read only once
    plain = Source(str(path), str(path), (), path.stat().st_size)
    try:
        return list(_within(str(path), (), str(path), plain.size, 0)) or [plain]
    except (
        OSError,
        EOFError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        tarfile.TarError,
        RuntimeError,
    ):
        return [plain]
    except Unreadable:
        return [plain]


def _within(path: str, members: tuple[str, ...], name: str, size: int | None, depth: int) -> Iterator[Source]:
    """The source at a place, or those in it, if it is an archive."""
    inside: list[tuple[str, int]] = []
    with ExitStack() as stack:
        stream = _layers(stack, path, members, name)
        head = stream.read(HEAD)
        kind = _kind(head)
        if kind is None or depth >= DEEPEST:
            yield Source(name, path, members, size)
            return
        stream.seek(0)
        if kind == "zip":
            with zipfile.ZipFile(stream) as archive:
                inside = [(info.filename, info.file_size) for info in archive.infolist() if not info.is_dir()]
        else:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                inside = [(entry.name, entry.size) for entry in tar if entry.isfile()]
    if kind == "zip" and any(mark in head for mark in _OFFICE):
        yield Source(name, path, members, size)
        return
    for member, member_size in inside:
        if member.rpartition("/")[2].startswith(".") or member.startswith("__MACOSX/"):
            continue
        yield from _within(path, (*members, member), f"{name}/{member}", member_size, depth + 1)


def _kind(head: bytes) -> str | None:
    if head.startswith(_ZIP):
        return "zip"
    return "tar" if head[257:262] == b"ustar" else None


# SIM115 below: what is opened is closed by the stack.
def _layers(stack: ExitStack, path: str, members: tuple[str, ...], name: str) -> IO[bytes]:
    """What is at the end of the way into an archive, unpacked. Raises Unreadable."""
    try:
        file = stack.enter_context(open(path, "rb")) if path != STDIN else _standard_input(stack)  # noqa: SIM115
        stream = _unpacked(stack, file)
        for member in members:
            head = stream.read(HEAD)
            stream.seek(0)
            if _kind(head) == "zip":
                archive = stack.enter_context(zipfile.ZipFile(stream))
                inner: IO[bytes] = stack.enter_context(archive.open(member))
            else:
                tar = stack.enter_context(tarfile.open(fileobj=stream, mode="r:"))  # noqa: SIM115
                extracted = tar.extractfile(member)
                if extracted is None:
                    raise Unreadable(f"{name}: the archive has no such file")
                inner = stack.enter_context(extracted)
            stream = _unpacked(stack, inner)
    except PermissionError as fault:
        raise Unreadable(f"{name}: reading it is not permitted; change its permissions or copy it") from fault
    except RuntimeError as fault:
        raise Unreadable(f"{name}: it is encrypted; unpack it with its password first") from fault
    except (
        OSError,
        EOFError,
        KeyError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        tarfile.TarError,
    ) as fault:
        raise Unreadable(f"{name}: it cannot be opened ({fault}); is the file whole?") from fault
    return stream


def _unpacked(stack: ExitStack, stream: IO[bytes]) -> IO[bytes]:
    for _ in range(DEEPEST):
        if not stream.seekable():
            break
        head = stream.read(6)
        stream.seek(0)
        if head.startswith(_GZIP):
            stream = stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=stream)))
        elif head.startswith(_BZIP2):
            stream = stack.enter_context(cast(IO[bytes], bz2.BZ2File(stream)))
        elif head.startswith(_XZ):
            stream = stack.enter_context(cast(IO[bytes], lzma.LZMAFile(stream)))  # noqa: SIM115
        else:
            break
    return stream


def _standard_input(stack: ExitStack) -> IO[bytes]:
    """Standard input. What has to be read twice, archives, goes to a temporary file first."""
    stream: BinaryIO = sys.stdin.buffer
    head = stream.read(HEAD)
    if not head.startswith((_GZIP, _BZIP2, _XZ, _ZIP)) and _kind(head) is None:
        return cast(
            IO[bytes], io.BufferedReader(_Stream("standard input", cast(io.BufferedIOBase, stream), head))
        )
    spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    while head:
        spool.write(head)
        head = stream.read(BUFFER)
    spool.seek(0)
    return cast(IO[bytes], spool)


def _refuse_binary(name: str, head: bytes) -> None:
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise Unreadable(f"{name}: this is {what}")
    if head.startswith(_ZIP) and any(mark in head for mark in _OFFICE):
        raise Unreadable(f"{name}: this is an Office document: save it as CSV or text")
    if head.startswith(_ZIP_MARKS) or _kind(head) is not None:
        raise Unreadable(
            f"{name}: an archive without a log, damaged, or in more than {DEEPEST} others: unpack it first"
        )
    if head.startswith((*_TEXT_MARKS, *_CAPTURES)) or b"\0" not in head:
        return
    strange = sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
    if max(head[1::2].count(0), head[::2].count(0)) > len(head) // 4 or strange < len(head) // 20:
        return
    raise Unreadable(f"{name}: this is a binary file of an unknown kind; give a text log or a capture (pcap)")


def _joined(found: list[Source]) -> list[Source]:
    """Dumps with one file a frame become one source a folder."""
    folders: dict[str, list[Source]] = {}
    others: list[Source] = []
    for source in found:
        folder, _, name = source.name.rpartition("/")
        if FILE_NAME.match(name) is not None:
            folders.setdefault(folder, []).append(source)
        else:
            others.append(source)
    for folder, pieces in folders.items():
        pieces.sort(key=lambda piece: natural(piece.name))
        if len(pieces) == 1 and not folder:
            folder = pieces[0].name
        size = sum(piece.size or 0 for piece in pieces)
        others.append(Source(folder or ".", pieces[0].path, size=size, pieces=tuple(pieces)))
    return others


def _in_order(found: list[Source]) -> list[Source]:
    """Logs as they were given or by name, the parts of a rotated one by time."""
    logs: dict[str, list[Source]] = {}
    for source in found:
        logs.setdefault(rotation_of(source.name)[0], []).append(source)
    ordered: list[Source] = []
    for log, parts in logs.items():
        if len(parts) > 1:
            parts.sort(key=lambda part: rotation_of(part.name)[1])
            times = [_first_time(part) for part in parts]
            if all(time is not None for time in times):
                parts = [part for _, _, part in sorted(zip(times, range(len(parts)), parts, strict=True))]
        ordered += [msgspec.structs.replace(part, log=log) for part in parts]
    return ordered


def _first_time(source: Source) -> float | None:
    try:
        with source.open() as stream:
            return first_time(stream.read(64 * 1024))
    except Unreadable:
        return None
