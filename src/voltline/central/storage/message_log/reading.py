"""Reading the message log, while it is being written."""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import msgspec

from voltline.base.ids import folded
from voltline.central.domain.messages import (
    OTHER_ACTION,
    Direction,
    Exchange,
    FrameType,
    LoggedFrame,
    MessageFilter,
    MessagePage,
    head,
    pairs,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import StorageUnavailable
from voltline.central.storage.message_log.packing import DEVIATED, deviations_of, entries_of, unpacked
from voltline.messages import ACTIONS

_FRAME_BITS = 20
"""Of a frame's id: its place in its block; what is above them is the block's."""
_PATIENCE_S = 1.0
_NEIGHBOURS = 4
"""In so many blocks of the charge point before and after is the other half of an exchange looked for."""
_NEIGHBOUR_S = 600.0
_REMEMBERED_BLOCKS = 8
_STEP_BLOCKS = 200
_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)
"""Nothing that JSON might write in another way."""


class MessageReads:
    """See `services.ports.messages.MessageQueries`."""

    def __init__(self, path: Path, *, patience_s: float = _PATIENCE_S) -> None:
        self._path = path
        self._patience_s = patience_s

    def search(
        self, wanted: MessageFilter, *, paired: bool = True, before: int | None = None, limit: int = 100
    ) -> MessagePage:
        deadline = monotonic() + self._patience_s
        with self._reading(wanted) as search:
            found: list[Exchange] = []
            for block in search.blocks(newest_first=True, before=before):
                exchanges = search.exchanges(block) if paired else search.singles(block)
                for position, exchange in sorted(exchanges, key=_position, reverse=True):
                    if before is None or position < before:
                        found.append(exchange)
                        if len(found) == limit:
                            return MessagePage(tuple(found), position)
                if monotonic() > deadline:
                    return MessagePage(tuple(found), block << _FRAME_BITS)
        return MessagePage(tuple(found), None)

    def frames(self, wanted: MessageFilter) -> Iterator[list[LoggedFrame]]:
        with self._reading(wanted) as search:
            for block in search.blocks(newest_first=False):
                chosen: list[LoggedFrame] = []
                for _, exchange in search.exchanges(block):
                    chosen.append(exchange.frame)
                    if exchange.answer is not None:
                        chosen.append(exchange.answer)
                if chosen:
                    yield sorted(chosen, key=lambda frame: frame.id)

    @contextmanager
    def _reading(self, wanted: MessageFilter) -> Iterator[_Search]:
        try:
            # An export is read on by one thread after the other.
            address = f"file:{quote(str(self._path))}?mode=ro"
            opened = sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False)
            with closing(opened) as connection:
                yield _Search(connection, wanted)
        except sqlite3.Error as error:
            raise StorageUnavailable(f"the message log {self._path} cannot be read: {error}") from error


def _position(placed: tuple[int, Exchange]) -> int:
    return placed[0]


class _Search:
    """One question to the log."""

    def __init__(self, connection: sqlite3.Connection, wanted: MessageFilter) -> None:
        self._run = connection.execute
        self._wanted = wanted
        self._key = None if wanted.identity is None else folded(wanted.identity)
        self._identities = dict(self._run("SELECT key, identity FROM stations"))
        self._dictionaries = dict(self._run("SELECT id, body FROM dictionaries"))
        self._decoded: OrderedDict[int, list[LoggedFrame]] = OrderedDict()
        self._needles = _needles(wanted)

    def blocks(self, *, newest_first: bool, before: int | None = None) -> Iterator[int]:
        """The blocks in which what is wanted may be, as far as can be told without reading frame by frame."""
        where, values = _conditions(self._wanted)
        if before is not None:
            where.append("id <= ?")
            values.append((before - 1) >> _FRAME_BITS)
        if self._key is not None:
            keys = "SELECT key FROM stations WHERE identity_key = ?"
            where.append(f"id IN (SELECT block FROM of_station WHERE station IN ({keys}))")  # noqa: S608
            values.append(self._key)
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        sql = f"SELECT id FROM blocks WHERE {' AND '.join(where or ['1'])}"  # noqa: S608 - names of this module
        last: int | None = None
        while True:
            # In steps, so that no reader stands in the way of the writer for as long as an export takes.
            further, at = ("", []) if last is None else (f" AND id {beyond} ?", [last])
            rows = self._run(
                f"{sql}{further} ORDER BY id {order} LIMIT {_STEP_BLOCKS}", values + at
            ).fetchall()
            yield from (row[0] for row in rows)
            if len(rows) < _STEP_BLOCKS:
                return
            last = rows[-1][0]

    def singles(self, block: int) -> Iterator[tuple[int, Exchange]]:
        """Every frame of a block by itself; an answer has the action of its CALL where that is in it, too."""
        frames = self._of_station(block)
        acted = {
            exchange.answer.id: exchange.action for exchange in pairs(frames) if exchange.answer is not None
        }
        for frame in frames:
            single = Exchange(frame=frame, action=frame.head.action or acted.get(frame.id, ""))
            if self._wanted.takes(single):
                yield frame.id, single

    def exchanges(self, block: int) -> Iterator[tuple[int, Exchange]]:
        """The wanted exchanges that stand in this block, and where.

        An exchange stands where its CALL is. One whose halves are in two blocks stands where its answer is
        if it is wanted because of that: in the block of its CALL nothing would tell.
        """
        takes = self._wanted.takes
        for exchange in pairs(self._of_station(block)):
            frame, answer = exchange.frame, exchange.answer
            kind = frame.head.type
            if answer is not None or kind is FrameType.OTHER:
                if takes(exchange):
                    yield frame.id, exchange
            elif kind is FrameType.CALL:
                if takes(exchange):
                    whole = Exchange(
                        frame=frame, answer=self._other_half(block, frame), action=exchange.action
                    )
                    if takes(whole):
                        yield frame.id, whole
            elif (call := self._other_half(block, frame)) is None:
                if takes(exchange):
                    yield frame.id, exchange
            else:
                action = call.head.action
                whole = Exchange(frame=call, answer=frame, action=action)
                if takes(whole) and not takes(Exchange(frame=call, action=action)):
                    yield frame.id, whole

    def _of_station(self, block: int) -> list[LoggedFrame]:
        """The frames of a block that are of the charge point that is asked for; none without the text."""
        if self._needles and block not in self._decoded:
            body = self._body(block)[1].lower()
            if not all(needle in body for needle in self._needles):
                return []
        frames = self.frames(block)
        return (
            frames
            if self._key is None
            else [frame for frame in frames if folded(frame.identity) == self._key]
        )

    def frames(self, block: int) -> list[LoggedFrame]:
        known = self._decoded.get(block)
        if known is None:
            known = self._decoded[block] = self._decode(block)
            if len(self._decoded) > _REMEMBERED_BLOCKS:
                self._decoded.popitem(last=False)
        return known

    def _other_half(self, block: int, frame: LoggedFrame) -> LoggedFrame | None:
        """The answer of a CALL in the blocks that follow, or the CALL of an answer in those before."""
        later = frame.head.type is FrameType.CALL
        order, beyond, step = ("ASC", ">", 1) if later else ("DESC", "<", -1)
        sql = (
            "SELECT id, first_at, last_at FROM blocks WHERE id IN (SELECT block FROM of_station"  # noqa: S608
            f" WHERE station = ? AND block {beyond} ? ORDER BY block {order} LIMIT {_NEIGHBOURS})"
            f" ORDER BY id {order}"
        )
        near = self._run(sql, (frame.station, block)).fetchall()
        at = frame.at.timestamp()
        for neighbour, first_at, last_at in near:
            if (first_at - at if later else at - last_at) > _NEIGHBOUR_S:
                return None
            for other in self.frames(neighbour)[::step]:
                if other.station != frame.station or other.head.message_id != frame.head.message_id:
                    continue
                same_way = other.direction is frame.direction
                if same_way and other.head.type is frame.head.type:
                    return None  # the id was used again
                if not same_way and (other.head.type is FrameType.CALL) is not later:
                    return other
        return None

    def _body(self, block: int) -> tuple[float, bytes]:
        """What turns its times into seconds since 1970, and its entries; empty if it was just removed."""
        row = self._run(
            "SELECT epoch, dictionary, form, body FROM blocks JOIN bodies USING (id) WHERE id = ?", (block,)
        ).fetchone()
        if row is None:
            return 0.0, b"\x90"
        epoch, dictionary, form, body = row
        return epoch, unpacked(form, body, self._dictionaries[dictionary])

    def _decode(self, block: int) -> list[LoggedFrame]:
        epoch, body = self._body(block)
        frames: list[LoggedFrame] = []
        latest: dict[tuple[int, str], int] = {}
        for place, entry in enumerate(entries_of(body)):
            if entry[2] == DEVIATED:
                _attach(frames, latest.get((entry[1], entry[3])), entry[4])
                continue
            frame = self._frame(block << _FRAME_BITS | place, epoch, entry)
            if frame.direction is Direction.IN:
                latest[entry[1], frame.head.message_id] = len(frames)
            frames.append(frame)
        return frames

    def _frame(self, number: int, epoch: float, entry: Sequence[Any]) -> LoggedFrame:
        at, station, direction, text = entry
        return LoggedFrame(
            id=number,
            at=datetime.fromtimestamp(at + epoch, UTC),
            station=StationKey(station),
            identity=self._identities.get(station, ""),
            direction=Direction(direction),
            text=text,
            head=head(text),
        )


def _attach(frames: list[LoggedFrame], place: int | None, found: Sequence[object]) -> None:
    if place is not None:
        frame = frames[place]
        frames[place] = msgspec.structs.replace(frame, deviations=frame.deviations + deviations_of(found))


def _conditions(wanted: MessageFilter) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if wanted.since is not None:
        where.append("last_at >= ?")
        values.append(wanted.since.timestamp())
    if wanted.until is not None:
        where.append("first_at < ?")
        values.append(wanted.until.timestamp())
    if wanted.deviating:
        where.append("deviations > 0")
    elif wanted.action is not None and wanted.text is None:
        # With the others it may be the answer that counts, which may be in another block than its CALL.
        where.append("instr(actions, ?)")
        values.append(f",{wanted.action if wanted.action in ACTIONS else OTHER_ACTION},")
    return where, values


def _needles(wanted: MessageFilter) -> list[bytes]:
    """Lower-case bytes without which no block can have what is wanted."""
    needles = []
    if wanted.text is not None and wanted.text.isascii():
        needles.append(wanted.text.lower().encode())
    if wanted.message_id is not None and _PLAIN.fullmatch(wanted.message_id):
        needles.append(wanted.message_id.lower().encode())
    return needles
