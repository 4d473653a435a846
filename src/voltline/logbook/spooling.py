"""Standard input kept in a file for as long as it is needed: what is read twice cannot be a pipe."""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from voltline.logbook.opening import STDIN, Source

__all__ = ["rereadable"]


def rereadable(paths: Iterable[str | Path], stack: ExitStack) -> list[str | Path | Source]:
    """The paths, with a file in the place of standard input; it goes when `stack` is closed."""
    return [_kept(stack) if str(path) == STDIN else path for path in paths]


def _kept(stack: ExitStack) -> Source:
    file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="voltline-"))  # noqa: SIM115  the stack's
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.flush()
    return Source("standard input", file.name, size=file.tell())
