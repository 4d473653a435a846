"""The message log: nothing lost, found again, cheap to keep, and never more than was allowed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from voltline.central.domain.messages import (
    Direction,
    Exchange,
    FrameType,
    MessageFilter,
    head,
    quick_action,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import StorageUnavailable
from voltline.central.storage.message_log import sealing, writing
from voltline.central.storage.message_log.file import LogFile
from voltline.central.storage.message_log.reading import MessageReads
from voltline.central.storage.message_log.writing import MessageLog, Retention
from voltline.messages import Deviation, DeviationKind, ErrorCode
from voltline.wire.frames import CallFrame, decode

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
A, B = StationKey(1), StationKey(2)
LOTS = Retention(days=365, most_bytes=2**40)
UNIT = Deviation(
    path="$.meterValue[0].sampledValue[0].unit",
    kind=DeviationKind.UNKNOWN_VALUE,
    text="'Hz' is no UnitOfMeasure",
    code=ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    usable=True,
)


class SetClock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds() + 1000.0

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Log:
    """A log in a folder, its clock and its reading side."""

    def __init__(self, path: Path, **options: object) -> None:
        self.clock = SetClock()
        self.path = path
        self.log = MessageLog(path, clock=self.clock, **{"retention": LOTS, **options})  # type: ignore[arg-type]
        self.reads = MessageReads(path)

    def call(self, station: StationKey, message_id: str, action: str, payload: str = "{}") -> None:
        self.log.frame(station, "in", f'[2,"{message_id}","{action}",{payload}]')

    def answer(self, station: StationKey, message_id: str, payload: str = "{}") -> None:
        self.log.frame(station, "out", f'[3,"{message_id}",{payload}]')

    async def found(self, *, limit: int = 100, **wanted: object) -> list[Exchange]:
        await self.log.flush()
        return list(self.reads.search(MessageFilter(**wanted), limit=limit).items)  # type: ignore[arg-type]

    async def ids(self, *, limit: int = 100, **wanted: object) -> list[str]:
        return [exchange.frame.head.message_id for exchange in await self.found(limit=limit, **wanted)]


@pytest_asyncio.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    opened = Log(tmp_path / "messages.db")
    opened.log.start()
    opened.log.met(A, "CP-A")
    opened.log.met(B, "CP-B")
    yield opened
    await opened.log.close()


async def test_a_call_is_shown_with_its_answer_and_the_newest_first(log: Log) -> None:
    log.call(A, "1", "Heartbeat")
    log.clock.pass_(0.25)
    log.answer(A, "1", '{"currentTime":"2026-05-01T12:00:00Z"}')
    log.clock.pass_(1)
    log.call(B, "1", "BootNotification")

    newest, oldest = await log.found()
    assert (newest.action, newest.frame.identity, newest.answer) == ("BootNotification", "CP-B", None)
    assert oldest.action == "Heartbeat"
    assert oldest.frame.at == NOON
    assert oldest.answer is not None
    assert oldest.answer.at == NOON + timedelta(seconds=0.25)
    assert oldest.answer.text == '[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]'


async def test_calls_of_both_sides_with_one_id_keep_their_own_answers(log: Log) -> None:
    log.log.frame(A, "in", '[2,"7","Heartbeat",{}]')
    log.log.frame(A, "out", '[2,"7","Reset",{"type":"Soft"}]')
    log.log.frame(A, "in", '[3,"7",{"status":"Accepted"}]')
    log.log.frame(A, "out", '[4,"7","InternalError","",{}]')

    reset, heartbeat = await log.found()
    assert reset.answer is not None
    assert heartbeat.answer is not None
    assert (reset.action, reset.answer.direction) == ("Reset", Direction.IN)
    assert (heartbeat.action, heartbeat.answer.head.type) == ("Heartbeat", FrameType.CALLERROR)


async def test_messages_are_found_by_station_action_id_text_time_and_direction(log: Log) -> None:
    log.call(A, "boot", "BootNotification", '{"chargePointVendor":"Größe","chargePointModel":"M"}')
    log.answer(A, "boot", '{"status":"Accepted"}')
    log.clock.pass_(60)
    log.call(B, "beat", "Heartbeat")
    log.clock.pass_(60)
    log.log.frame(A, "out", '[2,"reset","Reset",{"type":"Hard"}]')
    log.log.frame(A, "in", '[3,"reset",{"status":"Rejected"}]')
    log.call(A, "odd", "Frobnicate")

    assert await log.ids(identity="cp-a") == ["odd", "reset", "boot"]
    assert await log.ids(identity="nobody") == []
    assert await log.ids(action="Reset") == ["reset"]
    assert await log.ids(action="Frobnicate") == ["odd"]
    assert await log.ids(action="Unheard") == []
    assert await log.ids(message_id="beat") == ["beat"]
    assert await log.ids(text="rejected") == ["reset"]
    assert await log.ids(text="GRÖSSE") == []
    assert await log.ids(text="größe") == ["boot"]
    assert await log.ids(text="ACCEPTED", action="BootNotification") == ["boot"]
    assert await log.ids(since=NOON + timedelta(seconds=60)) == ["odd", "reset", "beat"]
    assert await log.ids(until=NOON + timedelta(seconds=60)) == ["boot"]
    assert await log.ids(direction=Direction.OUT) == ["reset"]


async def test_what_was_found_in_a_frame_is_shown_with_it(log: Log) -> None:
    log.call(A, "1", "MeterValues")
    log.log.deviations(A, "1", (UNIT,))
    log.answer(A, "1")
    log.call(A, "2", "Heartbeat")

    (exchange,) = await log.found(deviating=True)
    assert exchange.frame.deviations == (UNIT,)
    assert await log.ids(deviating=False) == ["2"]


async def test_a_frame_whose_id_is_a_number_is_kept_with_what_was_found_in_it(log: Log) -> None:
    call = decode('[2,17,"Heartbeat",{}]')
    assert isinstance(call, CallFrame)
    log.log.frame(A, "in", '[2,17,"Heartbeat",{}]')
    log.log.deviations(A, call.message_id, call.deviations)

    (exchange,) = await log.found(deviating=True)
    assert (exchange.frame.head.message_id, exchange.frame.deviations) == ("17", call.deviations)


async def test_halves_of_an_exchange_in_two_blocks_are_one_exchange(log: Log) -> None:
    log.call(A, "1", "DataTransfer", '{"vendorId":"asked"}')
    await log.log.flush()
    log.call(B, "1", "Heartbeat")
    await log.log.flush()
    log.answer(A, "1", '{"status":"Accepted","data":"told"}')
    log.log.deviations(A, "1", (UNIT,))

    for wanted in ({"identity": "CP-A"}, {"action": "DataTransfer"}, {"text": "asked"}, {"text": "told"}):
        (exchange,) = await log.found(**wanted)
        assert exchange.action == "DataTransfer"
        assert exchange.answer is not None, wanted
    assert len(await log.found()) == 2


async def test_an_answer_to_nothing_stands_alone(log: Log) -> None:
    log.answer(A, "9")
    log.log.frame(A, "in", "no frame at all")

    other, answer = await log.found()
    assert (other.frame.head.type, other.frame.text) == (FrameType.OTHER, "no frame at all")
    assert (answer.frame.head.type, answer.action, answer.answer) == (FrameType.CALLRESULT, "", None)


async def test_pages_meet_without_a_gap_and_without_a_repetition(log: Log) -> None:
    for number in range(250):
        log.call(A if number % 2 else B, f"m{number}", "Heartbeat")
        if number % 3:
            log.answer(A if number % 2 else B, f"m{number}")
        if number % 7 == 0:
            await log.log.flush()
    await log.log.flush()
    for paired in (True, False):
        seen: list[int] = []
        before: int | None = None
        while True:
            page = log.reads.search(MessageFilter(), paired=paired, before=before, limit=17)
            seen += [exchange.frame.id for exchange in page.items]
            before = page.next_before
            if before is None:
                break
        assert seen == sorted(set(seen), reverse=True)
        assert len(seen) == (250 if paired else 250 + 166)


async def test_a_search_that_takes_long_goes_on_where_it_stopped(log: Log) -> None:
    for number in range(5):
        log.call(A, f"m{number}", "Heartbeat")
        await log.log.flush()
    reads = MessageReads(log.path, patience_s=-1.0)
    page = reads.search(MessageFilter(message_id="m0"))
    asked = 1
    while not page.items:
        assert page.next_before is not None
        page = reads.search(MessageFilter(message_id="m0"), before=page.next_before)
        asked += 1
    assert (page.items[0].frame.head.message_id, asked) == ("m0", 5)


async def test_frames_are_kept_over_a_restart_to_the_letter(tmp_path: Path) -> None:
    texts = ['[2,"1","Heartbeat",{}]', '  [2 , "ü\\"x" , "Reset" , {}]', "", "\x00\t☃", "[2" * 5000]
    first = Log(tmp_path / "messages.db")
    first.log.start()
    first.log.met(A, "CP-A")
    for text in texts:
        first.log.frame(A, "in", text)
    await first.log.close()

    second = Log(tmp_path / "messages.db")
    second.log.start()
    second.call(A, "later", "Heartbeat")
    found = await second.found()
    assert [exchange.frame.text for exchange in reversed(found)][:5] == texts
    assert found[0].frame.head.message_id == "later"
    assert second.log.figures().frames == 6
    await second.log.close()


async def test_keys_and_passwords_are_not_in_the_log(log: Log) -> None:
    key = "0102AABBCC"
    log.log.frame(
        A, "out", f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{key}","x":"\\ud800"}}]'
    )
    log.log.frame(A, "out", '[2,"2","GetDiagnostics",{"location":"ftp://me:geheim@host/file"}]')
    log.call(A, "3", "DataTransfer", '{"data":"\\ud800"}')
    await log.log.flush()
    assert await log.ids() == ["3", "2", "1"]
    kept = " ".join(exchange.frame.text for exchange in await log.found())
    assert "ChangeConfiguration" in kept
    assert "ftp://me:" in kept
    assert key not in kept
    assert "geheim" not in kept
    assert r"\ud800" in kept  # what has no secrets is kept to the letter


async def test_many_frames_make_many_blocks_and_what_was_found_stays_with_its_frame(log: Log) -> None:
    for number in range(2500):
        log.call(A, f"m{number}", "MeterValues")
        if number % 100 == 99:
            log.log.deviations(A, f"m{number}", (UNIT,))
    assert len(await log.found(deviating=True, action="MeterValues")) == 25
    assert len(await log.ids(text="m24", limit=1000)) == 100 + 10 + 1


async def test_large_frames_are_kept_in_blocks_that_can_be_handled(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BLOCK_BYTES", 1000)
    for number in range(5):
        log.call(A, f"m{number}", "DataTransfer", f'{{"data":"{"x" * 600}"}}')
    assert await log.ids() == [f"m{number}" for number in reversed(range(5))]
    with sqlite3.connect(log.path) as file:
        assert file.execute("SELECT count(*) FROM blocks").fetchone() == (5,)
    file.close()


async def test_halves_of_pairs_in_what_was_found_stop_nothing(log: Log) -> None:
    log.call(A, "1", "Authorize", '{"\\ud800":1}')
    log.log.deviations(A, "1", (msgspec.structs.replace(UNIT, path="$.\ud800", text="half \ud800"),))
    (exchange,) = await log.found()
    (found,) = exchange.frame.deviations
    assert (found.path, found.text) == ("$.?", "half ?")


async def test_what_is_too_old_goes_and_the_rest_stays(tmp_path: Path) -> None:
    log = Log(tmp_path / "messages.db", retention=Retention(days=1, most_bytes=2**40))
    log.log.start()
    log.log.met(A, "CP-A")
    log.call(A, "old", "Heartbeat")
    await log.log.flush()
    log.clock.pass_(86400 + 10)
    log.call(A, "new", "Heartbeat")
    await log.log.flush()
    assert await log.ids() == ["new"]
    assert log.log.figures().oldest_at == log.clock.now()
    await log.log.close()
    with sqlite3.connect(log.path) as file:
        assert file.execute("SELECT count(*) FROM of_station").fetchone() == (1,)
    file.close()


async def test_the_log_never_takes_more_room_than_it_may(tmp_path: Path) -> None:
    log = Log(tmp_path / "messages.db", retention=Retention(days=365, most_bytes=20_000))
    log.log.start()
    for number in range(200):
        log.call(A, f"m{number}", "DataTransfer", f'{{"data":"{number * 7919**9}"}}')
        await log.log.flush()
    await log.log.flush()
    assert log.log.figures().bytes <= 20_000
    found = await log.ids()
    assert found[0] == "m199"
    assert 20 < len(found) < 200
    await log.log.close()


async def test_left_out_actions_leave_neither_call_nor_answer(tmp_path: Path) -> None:
    log = Log(tmp_path / "messages.db", leave_out=["Heartbeat"])
    log.log.start()
    log.call(A, "1", "Heartbeat")
    log.answer(A, "1")
    log.call(A, "2", "BootNotification")
    log.answer(A, "2")
    log.answer(A, "1")
    await log.log.flush()
    assert [len(page) for page in log.reads.frames(MessageFilter())] == [3]
    assert await log.ids() == ["1", "2"]  # the second answer with id 1 is of no left out call
    await log.log.close()


async def test_frames_wait_for_a_disk_that_comes_back_and_are_dropped_beyond_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_RETRY_S", 0.01)
    broken = True
    write = LogFile.write

    def writing_(self: LogFile, *args: object) -> None:
        if broken:
            raise sqlite3.OperationalError("database or disk is full")
        write(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(LogFile, "write", writing_)
    log = Log(tmp_path / "messages.db", waiting_bytes=1000)
    log.log.start()
    log.call(A, "kept", "Heartbeat")
    await log.log.flush()
    assert log.log.figures().failure == "database or disk is full"
    log.call(A, "large", "DataTransfer", f'{{"data":"{"x" * 2000}"}}')
    log.log._hand_over(None)
    assert log.log.figures().dropped == 1
    broken = False
    async with asyncio.timeout(10):
        while log.log.failure is not None:
            await asyncio.sleep(0.01)
    log.call(A, "after", "Heartbeat")
    assert await log.ids() == ["after", "kept"]
    await log.log.close()


async def test_a_file_that_cannot_be_used_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "messages.db"
    path.write_bytes(b"this is no database" * 100)
    log = Log(path)
    log.log.start()
    log.call(A, "1", "Heartbeat")
    assert await log.ids() == ["1"]
    await log.log.close()
    assert (tmp_path / "messages.db.unusable-1").read_bytes().startswith(b"this is no database")


def test_a_log_that_is_not_there_is_said_to_be_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="cannot be read"):
        MessageReads(tmp_path / "nothing.db").search(MessageFilter())


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('[2,"1","Heartbeat",{}]', "Heartbeat"),
        (' [ 2 , "1" , "Reset" , {} ]', "Reset"),
        ('[2,"a\\"b","Reset",{}]', "Reset"),
        ('[2,"1","Nothing",{}]', "?"),
        ('[3,"2",{"a":"b"}]', ""),
        ('[4,"2","GenericError","",{}]', ""),
        ("", ""),
        ("[2", ""),
    ],
)
def test_the_quick_look_at_a_frame_sees_the_action(text: str, action: str) -> None:
    assert quick_action(text) == action


def test_the_head_of_a_frame_is_read_with_its_escapes() -> None:
    assert head('[2,"a\\u0041","Re\\u0073et",{}]').message_id == "aA"
    assert head('[2,"a\\u0041","Re\\u0073et",{}]').action == "Reset"
    assert head('[3,"x"]').type is FrameType.CALLRESULT
    assert head('[5,"x"]').type is FrameType.OTHER
