"""Bytes to lines of text in pieces of bounded size, whatever the encoding, however long a line."""

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO

__all__ = ["LONGEST_LINE", "Lines"]

CHUNK = 256 * 1024
LONGEST_LINE = 4 * 1024 * 1024
"""Characters after which a line is handed on in pieces."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Lines:
    """The lines of a stream: lists of them, and whether the first of a list goes on with the last one before.

    UTF-8, UTF-16 and UTF-32 are told by their mark or their zeros; what is no UTF-8 is taken for
    Windows-1252 byte by byte, so that nothing is lost and nothing raised. Zeros in UTF-8, which a loss of
    power leaves in a file, are passed over.
    """

    def __init__(
        self, stream: BinaryIO, size: int | None, progress: Callable[[int, int | None], None] | None
    ) -> None:
        self._stream = stream
        self._size = size
        self._progress = progress

    def __iter__(self) -> Iterator[tuple[list[str], bool]]:
        chunk = self._stream.read(CHUNK)
        encoding = _encoding(chunk)
        decoder = codecs.getincrementaldecoder(encoding)(errors="voltline-log")
        done = 0
        rest = ""
        goes_on = False
        zeros = False
        while chunk:
            done += len(chunk)
            if encoding == "utf-8" and b"\0" in chunk:
                zeros = b"\0" in chunk[chunk.rfind(b"\n") + 1 :]
                chunk = chunk.replace(b"\0", b"")
            elif b"\n" in chunk:
                zeros = False
            lines = (rest + decoder.decode(chunk)).split("\n")
            rest = lines.pop()
            if lines:
                yield (
                    [line[:-1] if line.endswith("\r") else line for line in lines]
                    if _has_returns(lines)
                    else lines,
                    goes_on,
                )
                goes_on = False
            if len(rest) > LONGEST_LINE:
                yield [rest], goes_on
                rest, goes_on = "", True
            if self._progress is not None:
                self._progress(done, self._size)
            chunk = self._stream.read(CHUNK)
        rest += decoder.decode(b"", final=True)
        if rest or zeros:  # a line of nothing but zeros is one
            yield [rest.rstrip("\r")], goes_on


def _has_returns(lines: list[str]) -> bool:
    return any(line.endswith("\r") for line in lines[:8]) or any("\r" in line for line in lines)


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 4 and even < odd // 4:
        return "utf-16-le"
    if even > len(sample) // 4 and odd < even // 4:
        return "utf-16-be"
    return "utf-8"


def _as_windows(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    wrong = fault.object[fault.start : fault.end]
    return wrong.decode("cp1252", "replace"), fault.end


codecs.register_error("voltline-log", _as_windows)
