"""A terminal on which lines are printed while somebody types: neither spoils the other."""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

ERASE_LINE = "\r\x1b[K"
INTERRUPT, END, ERASE_WORD, ERASE_ALL = "\x03", "\x04", "\x17", "\x15"


class LineEditor:
    """One line being typed, and those typed before. Knows keys and text, not terminals."""

    def __init__(self) -> None:
        self.text = ""
        self._history: list[str] = []
        self._at = 0
        self._escape = ""

    def feed(self, keys: str) -> list[str | None]:
        """Take keys; give the lines that were finished, None where the input was ended (ctrl-D)."""
        finished: list[str | None] = []
        for key in keys:
            if self._escape or key == "\x1b":
                self._escaped(key)
            elif key in "\r\n":
                finished.append(self._finished())
            elif key in "\x7f\b":
                self.text = self.text[:-1]
            elif key == ERASE_WORD:
                head, blank, _ = self.text.rstrip().rpartition(" ")
                self.text = head + blank
            elif key == ERASE_ALL:
                self.text = ""
            elif key == END:
                if not self.text:
                    finished.append(None)
            elif key.isprintable():
                self.text += key
        return finished

    def _finished(self) -> str:
        line, self.text = self.text, ""
        if line.strip() and (not self._history or self._history[-1] != line):
            self._history.append(line)
        self._at = len(self._history)
        return line

    def _escaped(self, key: str) -> None:
        """Arrows up and down walk through what was typed before; other sequences are passed over."""
        self._escape += key
        if len(self._escape) < 3 and (key in "\x1b[O"):
            return
        if not key.isalpha() and key != "~" and len(self._escape) < 8:
            return
        sequence, self._escape = self._escape, ""
        if sequence[1:] in ("[A", "OA"):
            self._recall(-1)
        elif sequence[1:] in ("[B", "OB"):
            self._recall(1)

    def _recall(self, step: int) -> None:
        self._at = min(max(self._at + step, 0), len(self._history))
        self.text = self._history[self._at] if self._at < len(self._history) else ""


class Terminal:
    """Prints lines and reads lines. With a keyboard and a screen it shows a prompt below what is printed."""

    def __init__(self, prompt: str, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        # Without these the process was started with the descriptor closed.
        self._stdin = stdin if stdin is not None else sys.stdin
        self._stdout = stdout if stdout is not None else sys.stdout
        self._console = Console(file=self._stdout, highlight=False, soft_wrap=True)
        self._prompt = prompt
        self._editor = LineEditor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._restore: Callable[[], None] | None = None
        self._heard: Callable[[str | None], None] | None = None
        self.interactive = bool(self._stdin and self._stdin.isatty() and self._stdout.isatty())

    def print(self, text: str, style: str = "") -> None:
        """Print a line; what is being typed stays as it was, below it."""
        if self._restore is not None:
            self._stdout.write(ERASE_LINE)
        self._console.print(Text(text, style=style))
        self._draw()

    def listen(self, heard: Callable[[str | None], None]) -> None:
        """Call `heard` with every line typed, in the running event loop; with None once there are no more."""
        self._heard = heard
        if self._stdin is None or self._stdin.closed:
            return
        if self.interactive:
            self._restore = without_echo(self._stdin.fileno())
            asyncio.get_running_loop().add_reader(self._stdin.fileno(), self._keys)
            self._draw()
        else:
            threading.Thread(target=self._read_lines, args=(asyncio.get_running_loop(),), daemon=True).start()

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._heard = None
        if self._restore is not None:
            asyncio.get_running_loop().remove_reader(self._stdin.fileno())
            self._stdout.write(ERASE_LINE)
            self._stdout.flush()
            self._restore()
            self._restore = None

    def _draw(self) -> None:
        if self._restore is not None:
            room = max(shutil.get_terminal_size().columns - len(self._prompt) - 1, 8)
            self._stdout.write(f"{ERASE_LINE}{self._prompt}{self._editor.text[-room:]}")
        self._stdout.flush()

    def _keys(self) -> None:
        data = os.read(self._stdin.fileno(), 4096)
        lines = self._editor.feed(self._decoder.decode(data)) if data else [None]
        if not data:
            asyncio.get_running_loop().remove_reader(self._stdin.fileno())
        for line in lines:
            if line:
                self._stdout.write(f"{ERASE_LINE}{self._prompt}{line}\n")
            if self._heard is not None:
                self._heard(line)
        self._draw()

    def _read_lines(self, loop: asyncio.AbstractEventLoop) -> None:
        # With os.read and not the stream's own methods: a stream that is being read cannot be closed, and
        # the interpreter would not end while nobody types.
        rest = b""
        while data := os.read(self._stdin.fileno(), 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._tell(loop, line.decode("utf-8", "replace").rstrip("\r"))
        if rest:
            self._tell(loop, rest.decode("utf-8", "replace"))
        self._tell(loop, None)

    def _tell(self, loop: asyncio.AbstractEventLoop, line: str | None) -> None:
        def tell() -> None:
            if self._heard is not None:
                self._heard(line)

        if not loop.is_closed():
            loop.call_soon_threadsafe(tell)


def without_echo(descriptor: int) -> Callable[[], None]:
    """Have every key at once and unechoed, ctrl-C still a signal; gives the way back."""
    import termios

    before: list[Any] = termios.tcgetattr(descriptor)
    after = termios.tcgetattr(descriptor)
    after[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(descriptor, termios.TCSADRAIN, after)
    return lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
