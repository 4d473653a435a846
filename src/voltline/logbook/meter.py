"""How far several files are read, as one number."""

from collections.abc import Callable, Sequence

from voltline.logbook.opening import Source

__all__ = ["Meter", "Progress", "told_for"]

Progress = Callable[[int, int | None], None]
"""Called now and then with the bytes read so far, of all files, and their size where all are known."""


class Meter:
    """Adds up how far the files are read."""

    def __init__(self, progress: Progress | None, all_sources: Sequence[Source]) -> None:
        sizes = [one.size for one in all_sources]
        self.total = None if None in sizes else sum(size or 0 for size in sizes)
        self._progress = progress
        self._read: dict[str, int] = {}

    def read(self, name: str, count: int) -> None:
        """So many bytes of that file are read."""
        self._read[name] = count
        if self._progress is not None:
            self._progress(sum(self._read.values()), self.total)


def told_for(name: str, progress: Callable[[str, int], None]) -> Progress:
    """The progress of one file, told to a meter's `read`."""
    return lambda read_bytes, _: progress(name, read_bytes)
