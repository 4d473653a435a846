"""Id tags in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from voltline.central.api.shapes import NextCursor
from voltline.central.api.transaction_routes import aware
from voltline.central.domain.authorization import IdTag, UnknownTag

_TAG = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$(?!\n)"
_LARGEST = 2**31 - 1

TagText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        pattern=_TAG,
        description="At most 20 characters, none of them a control character, no blanks around it. Compared "
        "without regard to case.",
        examples=["04E91C5A123456"],
    ),
]
Parent = Annotated[
    TagText | None,
    Meta(
        description="The group that it belongs to: tags with one parent may stop each other's transactions."
    ),
]
Expiry = Annotated[datetime | None, Meta(description="From then on it is told Expired; null: never.")]
Blocked = Annotated[bool, Meta(description="Whether it is told Blocked.")]
Maximum = Annotated[
    Annotated[int, Meta(ge=1, le=_LARGEST)] | None,
    Meta(
        description="How many of its transactions may run at a time, beyond which it is told ConcurrentTx; "
        "null: as set for all."
    ),
]
GroupMaximum = Annotated[
    Annotated[int, Meta(ge=1, le=_LARGEST)] | None,
    Meta(
        description="The same for all tags together that have this one as parent; null: any number.",
    ),
]
TagNotes = Annotated[
    Annotated[str, Meta(max_length=10_000)] | None,
    Meta(description="Whatever its operator wants to remember."),
]


class IdTagRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator says of an id tag."""

    parent_id_tag: Parent = None
    expires_at: Expiry = None
    blocked: Blocked = False
    max_transactions: Maximum = None
    group_max_transactions: GroupMaximum = None
    notes: TagNotes = None

    def tag(self, id_tag: str) -> IdTag:
        return IdTag(
            id_tag=id_tag,
            parent_id_tag=self.parent_id_tag,
            expires_at=aware(self.expires_at),
            blocked=self.blocked,
            max_transactions=self.max_transactions,
            group_max_transactions=self.group_max_transactions,
            notes=self.notes,
        )


class NewIdTag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An id tag to be registered."""

    id_tag: TagText
    parent_id_tag: Parent = None
    expires_at: Expiry = None
    blocked: Blocked = False
    max_transactions: Maximum = None
    group_max_transactions: GroupMaximum = None
    notes: TagNotes = None

    @property
    def tag(self) -> IdTag:
        return IdTag(**asdict(self) | {"expires_at": aware(self.expires_at)})


class IdTagEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays as it is."""

    parent_id_tag: Parent | UnsetType = UNSET
    expires_at: Expiry | UnsetType = UNSET
    blocked: Blocked | UnsetType = UNSET
    max_transactions: Maximum | UnsetType = UNSET
    group_max_transactions: GroupMaximum | UnsetType = UNSET
    notes: TagNotes | UnsetType = UNSET

    @property
    def changes(self) -> dict[str, object]:
        given = {name: value for name, value in asdict(self).items() if value is not UNSET}
        if isinstance(self.expires_at, datetime):
            given["expires_at"] = aware(self.expires_at)
        return given


class IdTagView(Struct, frozen=True, kw_only=True):
    """A registered id tag. One whose parent is registered, and blocked or expired, is told so as well."""

    id_tag: Annotated[str, Meta(description="As registered. Id tags are compared without regard to case.")]
    parent_id_tag: str | None
    expires_at: datetime | None
    blocked: bool
    max_transactions: Annotated[int | None, Meta(description="null: as set for all.")]
    group_max_transactions: Annotated[
        int | None, Meta(description="For all tags together that have this one as parent; null: any number.")
    ]
    notes: str | None
    added_at: datetime | None
    changed_at: datetime | None
    last_used_at: Annotated[datetime | None, Meta(description="When it was accepted last; null: never.")]
    running: Annotated[int, Meta(description="How many transactions that it was let start are running.")]


class IdTagPage(Struct, frozen=True, kw_only=True):
    """A part of the list of id tags."""

    items: list[IdTagView]
    next_cursor: NextCursor


class UnknownTagView(Struct, frozen=True, kw_only=True):
    """An id tag that was presented and that nobody registered."""

    id_tag: str
    times: Annotated[int, Meta(description="How often it was presented, or started a transaction.")]
    first_seen_at: datetime
    last_seen_at: datetime
    charge_point: Annotated[str, Meta(description="Where it was seen last.")]
    connector_id: Annotated[int | None, Meta(description="null: it was not said where.")]
    status: Annotated[str, Meta(description="What it was told last.")]
    decided_by: Annotated[
        str,
        Meta(
            description="rule: authorization.unknown_tags. asked: authorization.ask_url said so. fallback: "
            "that gave no answer."
        ),
    ]
    problem: Annotated[str | None, Meta(description="Why authorization.ask_url gave no answer.")]


class UnknownTagPage(Struct, frozen=True, kw_only=True):
    """A part of the list of unknown id tags."""

    items: list[UnknownTagView]
    next_cursor: NextCursor


class ImportResult(Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    dry_run: Annotated[bool, Meta(description="true: nothing was changed.")]
    lines: Annotated[int, Meta(description="Id tags in the file.")]
    added: int
    changed: int
    unchanged: int
    removed: Annotated[int, Meta(description="Tags that are not in the file, with remove_others.")]


def id_tag_view(tag: IdTag, running: int) -> IdTagView:
    return IdTagView(**asdict(tag), running=running)


def unknown_tag_view(tag: UnknownTag) -> UnknownTagView:
    return UnknownTagView(
        id_tag=tag.id_tag,
        times=tag.times,
        first_seen_at=tag.first_seen_at,
        last_seen_at=tag.last_seen_at,
        charge_point=tag.identity,
        connector_id=tag.connector_id,
        status=tag.status,
        decided_by=tag.decided_by,
        problem=tag.problem,
    )
