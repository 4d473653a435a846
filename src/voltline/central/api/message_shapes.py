"""What the routes of the message log and of deviations answer with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from voltline.central.api.shapes import NextCursor
from voltline.central.domain.deviations import Deviating
from voltline.central.domain.messages import Direction, Exchange, FrameType, LogFigures, LoggedFrame
from voltline.messages import Deviation


class FoundDeviation(Struct, frozen=True, kw_only=True):
    """Something in a frame that OCPP does not allow."""

    path: Annotated[str, Meta(description="Where, as a JSON path in the payload; $ is the payload itself.")]
    kind: str
    text: str
    code: Annotated[str, Meta(description="The OCPP error code that a strict reader answers with.")]
    usable: Annotated[bool, Meta(description="Whether the message could be used all the same.")]


class AnswerView(Struct, frozen=True, kw_only=True):
    """The frame that answered a CALL."""

    id: str
    at: datetime
    type: FrameType
    text: str
    deviations: list[FoundDeviation]


class MessageView(Struct, frozen=True, kw_only=True):
    """A CALL with its answer, or a frame that belongs to no other."""

    id: Annotated[str, Meta(description="Of the frame.")]
    at: Annotated[datetime, Meta(description="When the central system received or sent it.")]
    charge_point: str
    direction: Annotated[Direction, Meta(description="in: from the charge point. out: to it.")]
    type: Annotated[
        FrameType, Meta(description="other: nothing that begins as an OCPP message does; see text.")
    ]
    message_id: str
    action: Annotated[str | None, Meta(description="Of the CALL; null where that is not known.")]
    text: Annotated[str, Meta(description="The frame as it came or went, but for keys and passwords.")]
    deviations: list[FoundDeviation]
    answer: Annotated[AnswerView | None, Meta(description="null: none, or none within ten minutes.")]
    latency_ms: Annotated[float | None, Meta(description="From the CALL to its answer, in milliseconds.")]


class MessagePage(Struct, frozen=True, kw_only=True):
    """A part of the message log. It may be short, or empty, though there is a next one: see next_cursor."""

    items: list[MessageView]
    next_cursor: NextCursor


class MessageLogView(Struct, frozen=True, kw_only=True):
    """How the message log stands."""

    frames: Annotated[int, Meta(description="Frames that are kept.")]
    bytes: Annotated[int, Meta(description="That they take up, packed.")]
    oldest_at: datetime | None
    dropped: Annotated[
        int, Meta(description="Frames left out since the start, because the disk could not follow.")
    ]
    failure: Annotated[str | None, Meta(description="Why nothing can be written just now; null: it can.")]


class DeviationView(Struct, frozen=True, kw_only=True):
    """A sort of deviation of a charge point, and how often it was seen."""

    action: Annotated[str | None, Meta(description="Of the message; null: the connection itself.")]
    kind: str
    path: Annotated[
        str,
        Meta(description="Where, without the places in lists; empty: too many different ones to tell apart."),
    ]
    times: int
    first_at: datetime
    last_at: datetime
    example: Annotated[str, Meta(description="The last one, in words.")]
    example_message_id: Annotated[str, Meta(description="Of the message that it was in.")]
    code: Annotated[str, Meta(description="The OCPP error code that a strict reader answers with.")]
    usable: Annotated[bool, Meta(description="Whether the messages could be used all the same.")]


class DeviationList(Struct, frozen=True, kw_only=True):
    """All sorts of deviation of a charge point."""

    items: list[DeviationView]


def message_view(exchange: Exchange) -> MessageView:
    frame, answer = exchange.frame, exchange.answer
    return MessageView(
        id=str(frame.id),
        at=frame.at,
        charge_point=frame.identity,
        direction=frame.direction,
        type=frame.head.type,
        message_id=frame.head.message_id,
        action=exchange.action or None,
        text=frame.text,
        deviations=[_found(one) for one in frame.deviations],
        answer=None if answer is None else _answer_view(answer),
        latency_ms=None if answer is None else round((answer.at - frame.at).total_seconds() * 1000, 3),
    )


def message_log_view(figures: LogFigures) -> MessageLogView:
    return MessageLogView(
        frames=figures.frames,
        bytes=figures.bytes,
        oldest_at=figures.oldest_at,
        dropped=figures.dropped,
        failure=figures.failure,
    )


def deviation_view(deviating: Deviating) -> DeviationView:
    sort = deviating.sort
    return DeviationView(
        action=sort.action or None,
        kind=sort.kind,
        path=sort.path,
        times=deviating.times,
        first_at=deviating.first_at,
        last_at=deviating.last_at,
        example=deviating.example,
        example_message_id=deviating.example_message_id,
        code=deviating.code,
        usable=deviating.usable,
    )


def _answer_view(answer: LoggedFrame) -> AnswerView:
    return AnswerView(
        id=str(answer.id),
        at=answer.at,
        type=answer.head.type,
        text=answer.text,
        deviations=[_found(one) for one in answer.deviations],
    )


def _found(deviation: Deviation) -> FoundDeviation:
    return FoundDeviation(
        path=deviation.path,
        kind=deviation.kind,
        text=deviation.text,
        code=deviation.code,
        usable=deviation.usable,
    )
