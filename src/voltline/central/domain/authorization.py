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
    ASK = "ask"
    """Another system is asked while the charge point waits."""


class Fallback(StrEnum):
    """What becomes of an unknown id tag when the system that should be asked gives no answer."""

    ACCEPT = "accept"
    REJECT = "reject"


class AuthorizationRules(Struct, frozen=True, kw_only=True):
    """Who may charge."""

    unknown_tags: UnknownTags = UnknownTags.ACCEPT
    fallback: Fallback = Fallback.REJECT
    one_transaction_per_tag: bool = False
    """True: a second StartTransaction of a tag is told ConcurrentTx while the first one runs; tags that
    have a limit of their own go by that."""
    told: Authorization | None = None
    """What another system said of the tag in question, should nobody have registered it."""


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
    max_transactions: int | None = None
    """How many of its transactions may run at a time; None: as set for all."""
    group_max_transactions: int | None = None
    """How many transactions of all tags that have this one as parent may run at a time; None: any number."""
    notes: str | None = None
    added_at: datetime | None = None
    changed_at: datetime | None = None
    last_used_at: datetime | None = None
    """When it was accepted last; None: never."""

    def usable(self, at: datetime) -> bool:
        """Whether it may charge, as far as its own record says."""
        return not self.blocked and (self.expires_at is None or self.expires_at > at)


class TagFilter(Struct, frozen=True, kw_only=True):
    """Which id tags; None: whichever."""

    text: str | None = None
    """Part of the tag, its parent or its notes, in any case."""
    parent: str | None = None
    blocked: bool | None = None
    expired_at: datetime | None = None
    """Only those that have expired by then."""
    not_expired_at: datetime | None = None


class TagOrder(StrEnum):
    """By what id tags are sorted."""

    ID_TAG = "id_tag"
    RECENTLY_USED = "recently-used"
    RECENTLY_CHANGED = "recently-changed"


class UnknownTag(Struct, frozen=True, kw_only=True):
    """An id tag that was presented and that nobody registered."""

    id: int
    id_tag: str
    times: int
    first_seen_at: datetime
    last_seen_at: datetime
    identity: str
    """The charge point at which it was presented last."""
    connector_id: int | None
    status: str
    """What it was told last."""
    decided_by: str
    """A `DecidedBy`."""
    problem: str | None
    """Why the system that should have been asked gave no answer."""


class DecidedBy(StrEnum):
    """On what ground an unknown id tag was told its status."""

    RULE = "rule"
    ASKED = "asked"
    FALLBACK = "fallback"


class Revocation(StrEnum):
    """Why what charge points remember of an id tag is not true any more."""

    BLOCKED = "blocked"
    REMOVED = "removed"
    EXPIRES_EARLIER = "expires-earlier"


class IdTagChanged(Struct, frozen=True, kw_only=True):
    """id-tag.changed: by an operator."""

    id_tag: str
    change: str
    """added, changed or removed."""
    parent_id_tag: str | None
    expires_at: datetime | None
    blocked: bool


class IdTagsImported(Struct, frozen=True, kw_only=True):
    """id-tag.changed: many at once."""

    change: str
    added: int
    changed: int
    removed: int


class UnknownTagSeen(Struct, frozen=True, kw_only=True):
    """id-tag.unknown-seen."""

    id_tag: str
    connector_id: int | None
    status: str
    decided_by: str
    problem: str | None


class Authorization(Struct, frozen=True, kw_only=True):
    """What an id tag is told: IdTagInfo (S 7.27)."""

    status: Verdict
    parent_id_tag: str | None = None
    expires_at: datetime | None = None
    known: bool = True
    """False: nobody registered this tag; the status is what the rules say of unknown ones."""
    decided_by: DecidedBy = DecidedBy.RULE
    problem: str | None = None
    """Why another system that should have been asked gave no answer."""


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


def authorization_of(
    tag: IdTag | None, at: datetime, rules: AuthorizationRules, parent: IdTag | None = None
) -> Authorization:
    """What this tag is told at this time; None is a tag that nobody registered.

    `parent` is the record of its parent, where that is registered: a tag whose parent is blocked or has
    expired is told so too.
    """
    if tag is None:
        return rules.told if rules.told is not None else unasked(rules)
    expires_at = earlier(tag.expires_at, None if parent is None else parent.expires_at)
    if tag.blocked or (parent is not None and parent.blocked):
        status = Verdict.BLOCKED
    elif expires_at is not None and expires_at <= at:
        status = Verdict.EXPIRED
    else:
        status = Verdict.ACCEPTED
    return Authorization(status=status, parent_id_tag=tag.parent_id_tag, expires_at=expires_at)


def unasked(rules: AuthorizationRules, problem: str | None = None) -> Authorization:
    """What an unknown tag is told without anybody being asked; `problem` is why nobody answered."""
    if rules.unknown_tags is UnknownTags.ASK:
        accepted, decided_by = rules.fallback is Fallback.ACCEPT, DecidedBy.FALLBACK
    else:
        accepted, decided_by = rules.unknown_tags is UnknownTags.ACCEPT, DecidedBy.RULE
    status = Verdict.ACCEPTED if accepted else Verdict.INVALID
    return Authorization(status=status, known=False, decided_by=decided_by, problem=problem)


def transaction_limit(tag: IdTag | None, rules: AuthorizationRules) -> int | None:
    """How many transactions of this tag may run at a time; None: any number."""
    if tag is not None and tag.max_transactions is not None:
        return tag.max_transactions
    return 1 if rules.one_transaction_per_tag else None


def revocation(before: IdTag | None, after: IdTag | None) -> Revocation | None:
    """Why charge points that remember this tag as accepted have to forget it; None: they need not.

    A tag that was not registered may have been accepted all the same. A group that was left counts as
    little as one that was entered: it does not say who may charge.
    """
    if before is None:
        return Revocation.BLOCKED if after is not None and after.blocked else None
    if before.blocked:
        return None
    if after is None:
        return Revocation.REMOVED
    if after.blocked:
        return Revocation.BLOCKED
    if after.expires_at is not None and (before.expires_at is None or after.expires_at < before.expires_at):
        return Revocation.EXPIRES_EARLIER
    return None


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two ends; None is no end."""
    if one is None or other is None:
        return one or other
    return min(one, other)
