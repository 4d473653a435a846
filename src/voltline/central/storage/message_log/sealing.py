"""Making blocks of entries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from voltline.central.domain.messages import quick_action
from voltline.central.domain.redaction import redacted_text
from voltline.central.storage.message_log.file import Block
from voltline.central.storage.message_log.packing import DEVIATED, Entry, encoded, entries_of, packed
from voltline.messages import ACTIONS

BLOCK_BYTES = 8 * 1024 * 1024
_PLAIN = frozenset({'[2,"', '[3,"', '[4,"'})
_LONGEST_HEAD = 90
"""Characters of a plain frame up to the end of its action. In a longer one a word is not a known action."""
_KNOWN = frozenset(ACTIONS)


class Sealed:
    """A block as it comes from the event loop: encoded, not yet packed."""

    __slots__ = ("actions", "body", "deviations", "epoch", "first_at", "frames", "last_at", "stations")

    def __init__(self, entries: Sequence[Entry], body: bytes, epoch: float) -> None:
        """`epoch`: added to the times of the entries it gives seconds since 1970."""
        _, stations, kinds, texts = zip(*entries)  # noqa: B905 - those of deviations have a fifth
        self.deviations = kinds.count(DEVIATED)
        if self.deviations:
            texts = tuple(entry[3] for entry in entries if entry[2] != DEVIATED)
        self.body = body
        self.epoch = epoch
        self.first_at = entries[0][0] + epoch
        self.last_at = entries[-1][0] + epoch
        self.frames = len(texts)
        self.actions = _actions(texts)
        self.stations = set(stations)

    @property
    def size(self) -> int:
        return len(self.body)

    @property
    def may_have_secrets(self) -> bool:
        """Whether there may be something for `redacted_text` to hide."""
        return b"://" in self.body or b"authorizationkey" in self.body.lower()

    def entries(self) -> list[Any]:
        return entries_of(self.body)

    def packed(self, dictionary: bytes) -> Block:
        form, body = packed(self.body, dictionary)
        return Block(
            epoch=self.epoch,
            first_at=self.first_at,
            last_at=self.last_at,
            frames=self.frames,
            deviations=self.deviations,
            actions=f",{','.join(sorted(self.actions))}," if self.actions else "",
            form=form,
            body=body,
            stations=self.stations,
        )


def sealed(entries: Sequence[Entry], epoch: float) -> list[Sealed]:
    """One block as a rule; more where the frames are large, none where there are no entries."""
    if not entries:
        return []
    try:
        body = encoded(entries)
    except UnicodeEncodeError:  # halves of surrogate pairs in what was found in a frame
        entries = [entry if _is_writable(entry) else _writable(entry) for entry in entries]
        body = encoded(entries)
    if len(body) > BLOCK_BYTES and len(entries) > 1:
        middle = len(entries) // 2
        return [*sealed(entries[:middle], epoch), *sealed(entries[middle:], epoch)]
    return [Sealed(entries, body, epoch)]


def without_secrets(entry: Entry) -> Entry:
    text = entry[3]
    kept = redacted_text(text)
    if kept is text or entry[2] == DEVIATED:
        return entry
    return (entry[0], entry[1], entry[2], _without_halves(kept))


def _actions(texts: Sequence[str]) -> set[str]:
    """Of the CALLs among these. The frames of nearly all charge points begin in the same way."""
    with suppress(IndexError):
        words = {text[4:_LONGEST_HEAD].split('"', 3)[2] for text in texts if text[1] == "2"}
        if words <= _KNOWN and {text[:4] for text in texts} <= _PLAIN:
            return words
    return {action for text in texts if (action := quick_action(text))}


def _is_writable(entry: Entry) -> bool:
    try:
        encoded([entry])
    except UnicodeEncodeError:
        return False
    return True


def _writable(entry: Entry) -> Entry:
    text = _without_halves(entry[3])
    if len(entry) == 4:
        return (entry[0], entry[1], entry[2], text)
    found = tuple(
        replace(one, path=_without_halves(one.path), text=_without_halves(one.text)) for one in entry[4]
    )
    return (entry[0], entry[1], entry[2], text, found)


def _without_halves(text: str) -> str:
    """The text without halves of surrogate pairs, which cannot be written."""
    return text.encode("utf-8", "replace").decode()
