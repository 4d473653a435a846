"""Logs whose times have no seconds: nothing is taken for slow that may have been quick."""

from pathlib import Path

import pytest

from voltline.logbook.inspecting import inspect
from voltline.logbook.readers.keys import time_of

HEARTBEAT = '[2,"{0}","Heartbeat",{{}}]'
ANSWER = '[3,"{0}",{{"currentTime":"2026-03-01T{1}Z"}}]'


def times_and_findings(lines: list[str], folder: Path) -> tuple[list[str], set[str]]:
    file = folder / "some.log"
    file.write_text("\n".join(lines))
    inspected = inspect([file]).inspected
    (station,) = inspected.stations
    told = [f"{at:%H:%M:%S}" for at in (station.first_at, station.last_at) if at is not None]
    return told, {one.detector for one in inspected.findings}


@pytest.mark.parametrize("stamp", ["2026-03-01 {}", "01.03.2026 {}", "[2026/03/01 {}]", "3/1/26, {} AM"])
def test_an_answer_over_the_turn_of_a_minute_is_not_slow(stamp: str, tmp_path: Path) -> None:
    lines = []
    for number in range(20):
        lines.append(f"{stamp.format(f'10:{number:02}')} recv {HEARTBEAT.format(number)}")
        lines.append(
            f"{stamp.format(f'10:{number + 1:02}')} sent {ANSWER.format(number, f'10:{number + 1:02}:00')}"
        )
    assert times_and_findings(lines, tmp_path) == (["10:00:00", "10:19:00"], set())


def test_an_answer_two_minutes_later_took_a_minute_at_least(tmp_path: Path) -> None:
    lines = [
        f"2026-03-01 10:00 recv {HEARTBEAT.format('a')}",
        f"2026-03-01 10:02 sent {ANSWER.format('a', '10:02:00')}",
    ]
    assert times_and_findings(lines, tmp_path) == (["10:00:00", "10:01:00"], {"R03"})


def test_a_cell_without_seconds_is_a_time_too() -> None:
    for cell in ("2026-03-01 10:02", "01.03.2026 10:02"):
        at = time_of(cell)
        assert at is not None
        assert (at.isoformat(), at.fold) == ("2026-03-01T10:02:00", 1)
    assert time_of("2026-03-01 10:62") is None
