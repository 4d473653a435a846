"""What the routes of findings take and answer with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from msgspec import Meta, Struct

from voltline.central.api.shapes import NextCursor
from voltline.central.domain.findings import FindingState, KnownFinding, ShownFrame
from voltline.central.domain.inspection import InspectionFigures
from voltline.central.domain.messages import Direction, head
from voltline.inspection.findings import Severity

_AROUND = timedelta(seconds=2)

Note = Annotated[
    Annotated[str, Meta(max_length=2000)] | None, Meta(description="For whoever looks at it later.")
]


class FindingView(Struct, frozen=True, kw_only=True):
    """A fault of a charge point or of one of its connectors, found in what it says."""

    id: int
    charge_point: Annotated[str, Meta(description="Its identity.")]
    connector_id: Annotated[int | None, Meta(description="null: it concerns the whole charge point.")]
    detector: Annotated[
        str, Meta(description="What found it; `voltline explain` tells more.", examples=["R01"])
    ]
    title: Annotated[str, Meta(examples=["Unanswered call"])]
    severity: Severity
    state: FindingState
    text: Annotated[str, Meta(description="What was seen last, with the values.")]
    who: Annotated[str, Meta(description="Who should act.", examples=["charger maker"])]
    next_step: Annotated[str, Meta(description="What that one should do.")]
    basis: Annotated[list[str], Meta(description="Sections of the specification and of standards.")]
    count: Annotated[int, Meta(description="How often it was seen, ever.")]
    times_opened: Annotated[int, Meta(description="1, and one more for each time that it came back.")]
    first_at: Annotated[datetime, Meta(description="Seen first, ever.")]
    opened_at: datetime
    last_at: Annotated[datetime, Meta(description="Seen last. Repeats are told every ten seconds or so.")]
    closes_at: Annotated[
        datetime | None,
        Meta(description="Closed by itself then, unless it is seen before; null: it is closed."),
    ]
    closed_at: datetime | None
    closed_by: Annotated[
        str | None, Meta(description="null: nobody; it is open, or it was not seen any more.")
    ]
    note: Annotated[str | None, Meta(description="What somebody wrote who closed or muted it.")]
    muted: Annotated[bool, Meta(description="There are no events of it, and metrics do not count it.")]
    muted_until: Annotated[datetime | None, Meta(description="null: until it is unmuted, or not muted.")]


class FrameView(Struct, frozen=True, kw_only=True):
    """A frame that shows it."""

    at: datetime
    direction: Annotated[Direction, Meta(description="in: from the charge point. out: to it.")]
    text: Annotated[str, Meta(description="Without secrets, and cut where it is long.")]
    messages: Annotated[
        str, Meta(description="Where the message log has it with its answer, while it is kept.")
    ]


class FindingDetail(FindingView, frozen=True, kw_only=True):
    """A finding with its evidence."""

    frames: Annotated[list[FrameView], Meta(description="The first and the last ones that show it.")]
    messages_around: Annotated[
        str, Meta(description="Where the message log has all of the charge point around the last time.")
    ]


class FindingPage(Struct, frozen=True, kw_only=True):
    """A part of the list of findings."""

    items: list[FindingView]
    next_cursor: NextCursor


class FindingNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is closed."""

    note: Note = None


class Muting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when, and why."""

    until: Annotated[datetime | None, Meta(description="If absent, until it is unmuted.")] = None
    note: Note = None


class InspectionView(Struct, frozen=True, kw_only=True):
    """How the inspector of live traffic stands. Counts are since the start of the central system."""

    enabled: bool
    running: Annotated[bool, Meta(description="Its process is there. The first frames start it.")]
    coverage: Annotated[
        float,
        Meta(description="Which part of the charge points is looked at, 0 to 1; below 1 it cannot follow."),
    ]
    frames: Annotated[int, Meta(description="Frames that were looked at.")]
    frames_left_out: Annotated[int, Meta(description="Frames that were not.")]
    lag_s: Annotated[float, Meta(description="Age of the oldest frames that wait to be looked at.")]
    restarts: Annotated[int, Meta(description="How often its process ended and was started again.")]
    charge_points: Annotated[int, Meta(description="Of which it knows something.")]
    memory_bytes: Annotated[int, Meta(description="Of its process; 0 where the system does not tell.")]
    findings_left_out: Annotated[int, Meta(description="For which there was no room.")]


def finding_view(one: KnownFinding) -> FindingView:
    return FindingView(**_fields(one))


def finding_detail(one: KnownFinding) -> FindingDetail:
    since = one.last_at - timedelta(minutes=1)
    return FindingDetail(
        **_fields(one),
        frames=[_frame_view(one.identity, frame) for frame in one.frames],
        messages_around=_messages(one.identity, since, one.last_at + timedelta(minutes=1)),
    )


def inspection_view(figures: InspectionFigures | None) -> InspectionView:
    """None: it is switched off."""
    if figures is None:
        return InspectionView(
            enabled=False,
            running=False,
            coverage=0.0,
            frames=0,
            frames_left_out=0,
            lag_s=0.0,
            restarts=0,
            charge_points=0,
            memory_bytes=0,
            findings_left_out=0,
        )
    return InspectionView(
        enabled=True,
        running=figures.running,
        coverage=figures.coverage,
        frames=figures.frames,
        frames_left_out=figures.left_out,
        lag_s=figures.lag_s,
        restarts=figures.restarts,
        charge_points=figures.charge_points,
        memory_bytes=figures.memory_bytes,
        findings_left_out=figures.unkept,
    )


def _fields(one: KnownFinding) -> dict[str, Any]:
    """Of the view that are of the record as well."""
    names = (name for name in FindingView.__struct_fields__ if name != "charge_point")
    values = {name: getattr(one, name) for name in names}
    values["charge_point"] = one.identity
    values["basis"] = list(one.basis)
    if one.state is FindingState.CLOSED:
        values["closes_at"] = None
    return values


def _frame_view(identity: str, frame: ShownFrame) -> FrameView:
    message_id = head(frame.text).message_id
    query = {"message_id": message_id} if message_id else {}
    return FrameView(
        at=frame.at,
        direction=Direction(frame.direction),
        text=frame.text,
        messages=_messages(identity, frame.at - _AROUND, frame.at + _AROUND, **query),
    )


def _messages(identity: str, since: datetime, until: datetime, **query: str) -> str:
    span = {"since": _text(since), "until": _text(until)}
    return f"/api/v1/charge-points/{quote(identity, safe='')}/messages?{urlencode(query | span)}"


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
