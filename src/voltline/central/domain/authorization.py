"""Id tags, and what they are told (S 4.1, 7.2)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct

_LONGEST_PLAIN_KEY = 100


class UnknownTags(StrEnum):
    """What becomes of an id tag that nobody registered."""

    ACCEPT = "accept"
    REJECT = "reject"


class AuthorizationRules(Struct, frozen=True, kw_only=True):
    """Who may charge."""

    unknown_tags: UnknownTags = UnknownTags.ACCEPT
    one_transaction_per_tag: bool = False
    """True: a second StartTransaction of a tag is told ConcurrentTx while the first one runs."""


class Verdict(StrEnum):
    """The words of AuthorizationStatus (S 7.2)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"


class IdTag(Struct, frozen=True, kw_only=True):
    """A registered id tag; compared without regard to case (CiString20Type)."""

    id_tag: str
    parent_id_tag: str | None = None
    expires_at: datetime | None = None
    """None: its status has no end (AUT-10)."""
    blocked: bool = False


class Authorization(Struct, frozen=True, kw_only=True):
    """What an id tag is told: IdTagInfo (S 7.27)."""

    status: Verdict
    parent_id_tag: str | None = None
    expires_at: datetime | None = None
    known: bool = True
    """False: nobody registered this tag; the status is what the rules say of unknown ones."""


def tag_key(id_tag: str) -> str:
    """The form in which id tags are compared.

    A tag far beyond its 20 characters is kept, but as a key it is cut: databases limit what an index
    takes. The digest keeps two long tags apart.
    """
    folded = id_tag.casefold()
    if len(folded) <= _LONGEST_PLAIN_KEY:
        return folded
    digest = blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{folded[: _LONGEST_PLAIN_KEY - 33]}~{digest}"


def authorization_of(tag: IdTag | None, at: datetime, rules: AuthorizationRules) -> Authorization:
    """What this tag is told at this time; None is a tag that nobody registered."""
    if tag is None:
        accepted = rules.unknown_tags is UnknownTags.ACCEPT
        return Authorization(status=Verdict.ACCEPTED if accepted else Verdict.INVALID, known=False)
    if tag.blocked:
        status = Verdict.BLOCKED
    elif tag.expires_at is not None and tag.expires_at <= at:
        status = Verdict.EXPIRED
    else:
        status = Verdict.ACCEPTED
    return Authorization(status=status, parent_id_tag=tag.parent_id_tag, expires_at=tag.expires_at)
