"""What a station writes down of itself: every frame and event, from which diagnostics and logs are made."""

from __future__ import annotations

import re
import zipfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from voltline.messages import LogType
from voltline.station.core.intents import Matter, Notice
from voltline.station.device.listener import Listener

PASSWORD = re.compile(r"(://[^/@:\s\"]*):[^/@\s\"]*@")
_TEXT = r'"(?:[^"\\]|\\.)*"'
AUTHORIZATION_KEY = re.compile(
    rf'("AuthorizationKey"[^{{}}]*"value"\s*:\s*){_TEXT}|("value"\s*:\s*){_TEXT}([^{{}}]*"AuthorizationKey")',
    re.IGNORECASE,
)
"""The password of the station in a frame, whichever of key and value comes first."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line. `mark`: `>` and `<` are frames out and in, `=` the connection, `*` a notice."""

    at: datetime
    mark: str
    text: str


class Logbook(Listener):
    """The last entries of one station, in memory, oldest first; security events are kept apart as well."""

    def __init__(self, most_entries: int, now: Callable[[], datetime]) -> None:
        """`now` gives the station's own time of day."""
        self._now = now
        self._everything: deque[Entry] = deque(maxlen=most_entries)
        self._security: deque[Entry] = deque(maxlen=most_entries)

    def has_entries(self, log: LogType, since: datetime | None, until: datetime | None) -> bool:
        """Whether there is anything between these times; None is no limit."""
        return bool(self.entries(log, since, until))

    def entries(self, log: LogType, since: datetime | None, until: datetime | None) -> Sequence[Entry]:
        """A copy of what was written between these times, both included."""
        kept = self._security if log == LogType.SECURITY_LOG else self._everything
        return [one for one in kept if (since or one.at) <= one.at <= (until or one.at)]

    def framed(self, sent: bool, text: str) -> None:
        self._write(">" if sent else "<", text)

    def linked(self, up: bool, text: str) -> None:
        self._write("=", f"connected to {text}" if up else f"disconnected: {text}")

    def noticed(self, notice: Notice) -> None:
        where = f"connector {notice.connector_id}: " if notice.connector_id else ""
        text = f"{notice.matter.value}: {where}{notice.text}"
        self._write("*", text)
        if notice.matter is Matter.SECURITY:
            self._security.append(Entry(self._now(), "*", notice.text))

    def _write(self, mark: str, text: str) -> None:
        self._everything.append(Entry(self._now(), mark, text))


def write_log(entries: Sequence[Entry], path: Path) -> None:
    """The entries as a text file, a line each; raises OSError where the disk refuses."""
    path.write_text(_lines(entries), encoding="utf-8")


def write_archive(entries: Sequence[Entry], state: Mapping[str, str], path: Path) -> None:
    """A ZIP of `log.txt`, the entries, and `station.txt`, the state by name; raises OSError likewise."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.txt", _lines(entries))
        archive.writestr("station.txt", "".join(f"{name}: {value}\n" for name, value in state.items()))


def _lines(entries: Sequence[Entry]) -> str:
    return "".join(f"{one.at:%Y-%m-%dT%H:%M:%S.%f}Z {one.mark} {discreet(one.text)}\n" for one in entries)


def discreet(text: str) -> str:
    """The text on one line, without the passwords in addresses and the AuthorizationKey of the station."""
    text = PASSWORD.sub(r"\1:***@", " ".join(text.splitlines()))
    return AUTHORIZATION_KEY.sub(r'\1\2"***"\3', text) if "authorizationkey" in text.casefold() else text
