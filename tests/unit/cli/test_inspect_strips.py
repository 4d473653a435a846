"""The strip of a connector: every state is seen, however short; a lost connection too."""

from datetime import UTC, datetime, timedelta

import pytest

from voltline.cli.inspect_strips import COLUMNS, strips
from voltline.inspection.chronicle import NOT_KEPT, State, StationSummary

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def station(
    *states: tuple[float, str], gaps: list[tuple[datetime, datetime | None]] | None = None
) -> StationSummary:
    return StationSummary(
        "CP1",
        first_at=at(0),
        last_at=at(COLUMNS),  # a minute a column
        states={1: [State(at(minute), status, "NoError") for minute, status in states]},
        gaps=gaps or [],
    )


@pytest.fixture(autouse=True)
def _no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def strip(line: str) -> str:
    return line.partition("|")[2].rpartition("|")[0]


def test_each_slice_shows_the_state_of_its_time() -> None:
    line, legend = strips(station((10, "Available"), (20, "Preparing"), (21, "Charging"), (50, "Finishing")))
    assert strip(line) == " " * 10 + "·" * 10 + "p" + "█" * 29 + "f" * 10
    assert legend == "  █ Charging  p Preparing  f Finishing  · Available"


def test_a_fault_of_a_second_is_seen_among_hours_of_charging() -> None:
    line, _ = strips(station((0, "Charging"), (30.5, "Faulted"), (30.52, "Charging")))
    assert strip(line) == "█" * 30 + "!" + "█" * 29


def test_a_lost_connection_is_a_gap_in_a_line_of_its_own() -> None:
    lines = list(strips(station((0, "Available"), gaps=[(at(10), at(20)), (at(55), None)])))
    assert strip(lines[1]) == "─" * 10 + " " * 10 + "─" * 35 + " " * 5
    assert lines[1].lstrip().startswith("connection")
    assert lines[2].endswith("─ connected")


def test_colours_follow_the_state_and_no_color_takes_them_away(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(strips(station((0, "Faulted"), (30, "Charging"))))
    assert not any("\x1b" in line for line in plain)
    monkeypatch.delenv("NO_COLOR")
    coloured = next(strips(station((0, "Faulted"), (30, "Charging"))))
    assert "\x1b[31m" + "!" * 30 in coloured
    assert "\x1b[32m" + "█" * 30 in coloured


def test_where_more_changes_came_than_are_kept_the_strip_ends_and_says_so() -> None:
    line, _, more = strips(station((0, "Available"), (20, "Charging"), (30, NOT_KEPT)))
    assert strip(line) == "·" * 20 + "█" * 10 + " " * 30
    assert (
        more == "  Connector 1 changed its state more than 2 times: not shown from 2026-03-01 08:30 UTC on."
    )


def test_a_log_without_times_has_no_strips() -> None:
    assert list(strips(StationSummary("CP1"))) == []
