"""Recordings: one JSON line a frame, and files that do not grow for ever."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from voltline.transport.recorder import RecordedFrame, Recorder

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def lines(path: Path) -> list[RecordedFrame]:
    return [msgspec.json.decode(line, type=RecordedFrame) for line in path.read_bytes().splitlines()]


def test_a_recorded_frame_reads_back_as_it_was(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "frames.jsonl", now=lambda: NOON)
    text = '[2,"1","DataTransfer",{"vendorId":"x","data":"line\\nbreak \\u20ac"}]'
    recorder.record("CP 1", "in", text)
    recorder.record("CP 1", "out", '[3,"1",{}]')
    recorder.close()
    assert lines(tmp_path / "frames.jsonl") == [
        RecordedFrame(NOON, "CP 1", "in", text),
        RecordedFrame(NOON, "CP 1", "out", '[3,"1",{}]'),
    ]


def test_full_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    recorder = Recorder(path, max_bytes=300, keep=2, now=lambda: NOON)
    for number in range(20):
        recorder.record("CP1", "in", f'[2,"{number}","Heartbeat",{{}}]')
    recorder.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "frames.jsonl",
        "frames.jsonl.1",
        "frames.jsonl.2",
    ]
    assert all(file.stat().st_size <= 300 for file in tmp_path.iterdir())
    newest = lines(path)[-1]
    assert '"19"' in newest.text
    kept = [
        frame.text
        for name in ("frames.jsonl.2", "frames.jsonl.1", "frames.jsonl")
        for frame in lines(tmp_path / name)
    ]
    numbers = [int(text.split('"')[1]) for text in kept]
    assert numbers == list(range(numbers[0], 20))


def test_a_recording_is_continued_not_overwritten(tmp_path: Path) -> None:
    for number in range(2):
        recorder = Recorder(tmp_path / "frames.jsonl", now=lambda: NOON)
        recorder.record("CP1", "in", str(number))
        recorder.close()
    assert [frame.text for frame in lines(tmp_path / "frames.jsonl")] == ["0", "1"]


def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    recorder = Recorder(Path("/dev/full"), now=lambda: NOON)
    recorder.record("CP1", "in", "x")
    recorder.flush()
    recorder.record("CP1", "in", "y")
    recorder.close()
    assert recorder.failure is not None
