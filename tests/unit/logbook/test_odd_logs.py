"""Lines that other loggers write, and lines that nobody should: each is read for what is certain in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.inspection.records import Damage, Direction, Record
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read
from voltline.wire.frames import encode_call


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def reading(log: Path, content: str) -> tuple[list[Record], Coverage]:
    log.write_text(content)
    (source,) = sources([log])
    coverage = Coverage(source.name)
    return list(read(source, coverage)), coverage


HEARTBEAT = '[2,"1","Heartbeat",{}]'
ESCAPED = HEARTBEAT.replace('"', '\\"')


@pytest.mark.parametrize(
    ("line", "station", "sent"),
    [
        (f"2024-01-01T10:00:00.123456789Z stdout F 2024-01-01 10:00:00 CP1: send {HEARTBEAT}", "CP1", True),
        (f'{{"log":"INFO:ocpp:CP1: send {ESCAPED}\\n","time":"2024-01-01T10:00:01.5Z"}}', "CP1", True),
        (f'{{"__REALTIME_TIMESTAMP":"1704103200000000","MESSAGE":"ocpp:CP1: send {ESCAPED}"}}', "CP1", True),
        (f'{{"level":30,"time":1704103200000,"cpId":"CP1","msg":"recv {ESCAPED}"}}', "CP1", False),
        (f'{{"_source":{{"time":"2024-01-01T10:00:02Z","message":"CP1: sending {ESCAPED}"}}}}', None, True),
        (f'time=2024-01-01T10:00:00Z level=info msg="received" cp=CP1 frame="{ESCAPED}"', "CP1", False),
        (f"2024-01-01 10:00:00 | charge_point_id=CP1 | << | {HEARTBEAT} | ok", "CP1", False),
        (f"2024-01-01T10:00:00+00:00 \x1b[32msent to CP1:\x1b[0m {HEARTBEAT}\x1b[0m", "CP1", True),
        ("Jan  1 10:00:00 2024 Received from CP1: [2, '1', 'Heartbeat', {}]", "CP1", False),
    ],
)  # fmt: skip
def test_loggers_that_nobody_named_are_read_by_their_words(
    log: Path, line: str, station: str | None, sent: bool
) -> None:
    (record,), coverage = reading(log, line + "\n")
    assert record.text.replace(" ", "") == HEARTBEAT
    assert (record.station, record.sent) == (station, sent)
    assert record.at is not None or "INFO:ocpp" in line
    assert coverage.skipped == 0


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        ("CS -> CSMS:", Direction.FROM_STATION),
        ("CSMS => CP", Direction.FROM_CENTRAL),
        ("message from charge point", Direction.FROM_STATION),
        ("ChargePoint to CentralSystem", Direction.FROM_STATION),
        ("sent to the backend", Direction.FROM_STATION),
    ],
)
def test_words_that_name_both_sides_tell_who_sent(log: Path, words: str, direction: Direction) -> None:
    (record,), _ = reading(log, f"2024-01-01 10:00:00 {words} {HEARTBEAT}\n")
    assert record.direction is direction


def test_a_recording_of_the_browser_is_read(log: Path) -> None:
    entry = '{"type":"%s","time":1704103200.5,"opcode":1,"data":"%s"}'
    entries = f"[{entry % ('send', ESCAPED)},{entry % ('receive', ESCAPED)}]"
    records, _ = reading(log, f'{{"log":{{"entries":[{{"_webSocketMessages":{entries}}}]}}}}')
    assert [record.sent for record in records] == [True, False]


def test_a_cut_line_does_not_swallow_the_next(log: Path) -> None:
    cut = '2024-01-01 10:00:01 TX [2,"12","BootNotification",{"chargePointVendor":"A","chargePoi'
    (first, second), _ = reading(log, f'{cut}\n2024-01-01 10:00:02 RX [3,"12",{{}}]\n')
    assert first.truncated
    assert (second.text, second.damage) == ('[3,"12",{}]', ())


def test_two_frames_of_one_line_keep_their_own_words(log: Path) -> None:
    (first, second), _ = reading(log, f'10:00 sent {HEARTBEAT} 10:01 received [3,"1",{{}}]\n')
    assert (first.sent, second.sent) == (True, False)
    assert Damage.SPLIT in first.damage


def test_what_a_charger_sent_wrong_is_not_mended(log: Path) -> None:
    for wrong in (
        '[2,"1","Heartbeat",{"a":1,,}]',
        '[3,"1",{"status":}]',
        '[2,"1","Heartbeat"]',
        '[2,"","X",{}]',
    ):
        (record,), _ = reading(log, f"2024-01-01 10:00:00 RX {wrong}\n")
        assert (record.text, record.damage) == (wrong, ())


@pytest.mark.timeout(30)
def test_hostile_nesting_costs_neither_memory_nor_time(log: Path) -> None:
    bomb = "[" * 200_000 + "\n" + '[2,"1",' * 50_000 + "\n" + '{"a":' * 20_000 + "\n" + "\x00\\u" * 9000
    _, coverage = reading(log, "x\n" + bomb + f"\n2024-01-01 10:00:00 RX {HEARTBEAT}\n")
    assert coverage.lines == 6
    assert coverage.formats["tx-rx"] == 1


def test_a_line_of_the_connection_right_above_a_frame_is_counted_as_what_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "2026-03-01T06:00:00.445Z: SYS> Connected\n"
        "2026-03-01T06:00:00.455Z: ChargePoint>CentralSystem Heartbeat \n"
        '[\n  2,\n  "h1",\n  "Heartbeat",\n  {}\n]\n\n'
        "2026-03-01T06:00:01.445Z: SYS> Connected\n"
        '[\n  2,\n  "h2",\n  "Heartbeat",\n  {}\n]\n'
    )
    (source,) = sources([log])
    coverage = Coverage(source.name)
    records = list(read(source, coverage))
    assert [
        record.text.replace("\n", "").replace(" ", "")[:8] for record in records if record.text[:1] == "["
    ] == [
        '[2,"h1",',
        '[2,"h2",',
    ]
    assert (coverage.connections, coverage.skipped) == (2, 0)


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error_and_every_line_counted(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    log = tmp_path_factory.mktemp("any") / "log"
    log.write_bytes(text.encode("utf-8", "replace"))
    (source,) = sources([log])
    coverage = Coverage(source.name)
    list(read(source, coverage))
    assert coverage.problem is not None or coverage.lines == (
        text.count("\n") + (not text.endswith("\n")) if text else 0
    )


@given(st.text(min_size=1, max_size=36), st.text(max_size=100))
def test_a_frame_comes_out_as_it_went_in_whatever_is_in_its_strings(
    tmp_path_factory: pytest.TempPathFactory, message_id: str, data: str
) -> None:
    import msgspec

    payload = msgspec.json.encode({"vendorId": "x", "data": data.replace("...", "")})
    frame = encode_call(message_id, "DataTransfer", payload)
    log = tmp_path_factory.mktemp("frame") / "log"
    log.write_bytes(f"2024-01-01 10:00:00,123 - ocpp - INFO - CP-1: send {frame}\n".encode())
    (source,) = sources([log])
    (record,) = read(source, Coverage(source.name))
    assert (record.text, record.station, record.sent) == (frame, "CP-1", True)
