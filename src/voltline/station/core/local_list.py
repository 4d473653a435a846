"""The list of tags that the central system keeps at the station (OCPP 1.6, 3.5.2, 5.10 and 5.15)."""

import msgspec

from voltline.messages import UNSET, SendLocalList, UpdateStatus, UpdateType
from voltline.station.core.known_tag import KnownTag, known_tag
from voltline.station.core.memory import Memory

RECORD = "local-list"

NO_LISTS = -1
"""The version that GetLocalListVersion gives where there are no lists (OCPP 1.6, 5.10)."""


class _Record(msgspec.Struct):
    version: int
    tags: dict[str, KnownTag]


class LocalList:
    """Tags by their text without regard to case. Nothing but `update` changes them (OCPP 1.6, 3.5.2)."""

    __slots__ = ("_memory", "_tags", "_version")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        kept = memory.recall(RECORD, _Record) or _Record(0, {})
        self._version, self._tags = kept.version, kept.tags

    def __len__(self) -> int:
        return len(self._tags)

    def __contains__(self, id_tag: str) -> bool:
        return id_tag.casefold() in self._tags

    @property
    def version(self) -> int:
        """What the central system called the list; 0 while it is empty (OCPP 1.6, 5.10)."""
        return self._version

    def find(self, id_tag: str) -> KnownTag | None:
        """What the list says of the tag."""
        return self._tags.get(id_tag.casefold())

    def update(self, request: SendLocalList, capacity: int) -> tuple[UpdateStatus, str]:
        """Replace or change the list, whole or not at all; gives the answer, and its reason in words.

        `capacity` is the most entries that the list can hold afterwards.
        """
        entries = [] if request.local_authorization_list is UNSET else request.local_authorization_list
        names = [entry.id_tag.casefold() for entry in entries]
        full = request.update_type == UpdateType.FULL
        if request.list_version <= 0:  # errata 3.52
            return UpdateStatus.FAILED, f"no list has the version {request.list_version}"
        if len(set(names)) < len(names):  # OCPP 1.6, 6.41
            twice = next(name for name in names if names.count(name) > 1)
            return UpdateStatus.FAILED, f"the tag {twice} is in it more than once"
        if not full and request.list_version <= self._version:
            text = f"version {request.list_version} does not come after version {self._version}"
            return UpdateStatus.VERSION_MISMATCH, text
        tags = {} if full else dict(self._tags)
        for name, entry in zip(names, entries, strict=True):
            if entry.id_tag_info is not UNSET:
                tags[name] = known_tag(entry.id_tag_info)
            elif full:  # OCPP 1.6, 7.1
                return UpdateStatus.FAILED, f"a full list must say what holds for the tag {entry.id_tag}"
            else:
                tags.pop(name, None)
        if len(tags) > capacity:
            return UpdateStatus.FAILED, f"{len(tags)} tags are more than the {capacity} that fit"
        self._tags = tags
        self._version = request.list_version if tags else 0
        self._memory.keep(RECORD, _Record(self._version, tags) if tags else None)
        return UpdateStatus.ACCEPTED, f"version {request.list_version} with {len(tags)} tags"
