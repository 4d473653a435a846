"""What the station knows of an id tag by itself: the shape that local list and cache share."""

from datetime import datetime

import msgspec

from voltline.messages import UNSET, AuthorizationStatus, IdTagInfo

VALID = frozenset({AuthorizationStatus.ACCEPTED, AuthorizationStatus.CONCURRENT_TX})
"""What may charge as far as the station can tell by itself (OCPP 1.6, 3.5.2)."""


class KnownTag(msgspec.Struct, frozen=True, gc=False):
    """The last word on one tag. `expires_at` None: it holds for ever (errata 3.72)."""

    status: AuthorizationStatus
    parent_id_tag: str | None = None
    expires_at: datetime | None = None

    def status_at(self, moment: datetime) -> AuthorizationStatus:
        """The status at that time: what was valid expires (OCPP 1.6, 3.5.1 and 3.5.4)."""
        if self.expires_at is not None and moment >= self.expires_at and self.status in VALID:
            return AuthorizationStatus.EXPIRED
        return self.status


def known_tag(info: IdTagInfo) -> KnownTag:
    """The central system's words as the station keeps them."""
    return KnownTag(
        info.status,
        None if info.parent_id_tag is UNSET else info.parent_id_tag,
        None if info.expiry_date is UNSET else info.expiry_date,
    )
