"""What the central system said of the tags it was asked about (OCPP 1.6, 3.5.1)."""

from datetime import datetime

import msgspec

from voltline.messages import UNSET, AuthorizationStatus, IdTagInfo


class CachedTag(msgspec.Struct, frozen=True, gc=False):
    """The last word on one tag. `expires_at` None: it holds for ever (errata 3.72)."""

    status: AuthorizationStatus
    parent_id_tag: str | None
    expires_at: datetime | None

    def status_at(self, moment: datetime) -> AuthorizationStatus:
        """The status at that time: what was accepted expires."""
        if self.expires_at is not None and moment >= self.expires_at:
            return AuthorizationStatus.EXPIRED
        return self.status


class AuthorizationCache:
    """Tags by their text without regard to case, at most `capacity` of them, least lately heard of first."""

    __slots__ = ("_capacity", "_tags")

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = capacity
        self._tags: dict[str, CachedTag] = {}

    def __len__(self) -> int:
        return len(self._tags)

    def find(self, id_tag: str) -> CachedTag | None:
        """What is known of the tag."""
        return self._tags.get(id_tag.casefold())

    def learn(self, id_tag: str, info: IdTagInfo, moment: datetime) -> None:
        """Replace what is known of the tag; when full, tags that are not valid make room first."""
        key = id_tag.casefold()
        self._tags.pop(key, None)
        if len(self._tags) >= self._capacity:
            self._make_room(moment)
        self._tags[key] = CachedTag(
            info.status,
            None if info.parent_id_tag is UNSET else info.parent_id_tag,
            None if info.expiry_date is UNSET else info.expiry_date,
        )

    def clear(self) -> None:
        """Forget every tag."""
        self._tags.clear()

    def _make_room(self, moment: datetime) -> None:
        accepted = AuthorizationStatus.ACCEPTED
        oldest = next(iter(self._tags))
        refused = (key for key, tag in self._tags.items() if tag.status_at(moment) != accepted)
        del self._tags[next(refused, oldest)]
