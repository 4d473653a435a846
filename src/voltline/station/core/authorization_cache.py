"""What the central system said of the tags it was asked about (OCPP 1.6, 3.5.1)."""

from datetime import datetime

from voltline.messages import IdTagInfo
from voltline.station.core.known_tag import VALID, KnownTag, known_tag
from voltline.station.core.memory import Memory

RECORD = "authorization-cache"


class AuthorizationCache:
    """Tags by their text without regard to case, at most `capacity` of them, least lately heard of first."""

    __slots__ = ("_capacity", "_memory", "_tags")

    def __init__(self, memory: Memory, capacity: int = 1000) -> None:
        self._memory = memory
        self._capacity = capacity
        self._tags = memory.recall(RECORD, dict[str, KnownTag]) or {}

    def __len__(self) -> int:
        return len(self._tags)

    def find(self, id_tag: str) -> KnownTag | None:
        """What is known of the tag."""
        return self._tags.get(id_tag.casefold())

    def learn(self, id_tag: str, info: IdTagInfo, moment: datetime) -> None:
        """Replace what is known of the tag; when full, tags that are not valid make room first."""
        key, now_known = id_tag.casefold(), known_tag(info)
        before = self._tags.pop(key, None)
        while self._tags and len(self._tags) >= self._capacity:
            self._make_room(moment)
        self._tags[key] = now_known
        # Who was heard of last alone is not worth a write at every session.
        if now_known != before:
            self._keep()

    def forget(self, id_tag: str) -> None:
        """Drop one tag; it is no fault if it is not there."""
        if self._tags.pop(id_tag.casefold(), None) is not None:
            self._keep()

    def clear(self) -> None:
        """Forget every tag."""
        self._tags.clear()
        self._keep()

    def _make_room(self, moment: datetime) -> None:
        oldest = next(iter(self._tags))
        refused = (key for key, tag in self._tags.items() if tag.status_at(moment) not in VALID)
        del self._tags[next(refused, oldest)]

    def _keep(self) -> None:
        self._memory.keep(RECORD, self._tags or None)
