"""The inspector reads what a tap records: each frame once, as it came, and every connection."""

from datetime import UTC, datetime
from pathlib import Path

from voltline.inspection.records import RecordKind
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read
from voltline.transport.recorder import Recorder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_recording_of_a_tap_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "tap.jsonl"
    recorder = Recorder(path, now=lambda: NOON)
    recorder.mark("CP1", "connected", "10.0.0.1 /CP1", connection=1)
    recorder.record("CP1", "in", '[2,"1","Heartbeat",{}]', connection=1)
    recorder.record(
        "CP1",
        "in",
        '[2,"2","Authorize",{"idTag":"T"}]',
        connection=1,
        rule="other: changed",
        sent=('[2,"2","Authorize",{"idTag":"OTHER"}]',),
    )
    recorder.mark("CP1", "disconnected", "closed by the charge point with 1000", connection=1)
    assert recorder.lines == 4
    recorder.close()

    [source] = sources([path])
    coverage = Coverage(source.name)
    records = list(read(source, coverage, None))
    assert [(one.kind, one.line) for one in records] == [
        (RecordKind.CONNECTED, 1),
        (RecordKind.FRAME, 2),
        (RecordKind.FRAME, 3),
        (RecordKind.DISCONNECTED, 4),
    ]
    assert records[2].text == '[2,"2","Authorize",{"idTag":"T"}]'
    assert records[3].text == "closed by the charge point with 1000"
    assert (coverage.frames, coverage.skipped_lines) == (2, {})


def test_a_recording_that_is_continued_counts_its_lines_on(tmp_path: Path) -> None:
    path = tmp_path / "tap.jsonl"
    for total in (1, 2, 3):
        recorder = Recorder(path, now=lambda: NOON)
        recorder.record("CP1", "in", "[]")
        assert recorder.lines == total
        recorder.close()
