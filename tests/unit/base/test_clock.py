"""The clock that is written down: UTC, whole milliseconds, never behind."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from voltline.base.clock import SystemClock


def test_now_is_utc_in_whole_milliseconds_and_keeps_up() -> None:
    system = SystemClock()
    for _ in range(1000):
        before = datetime.now(UTC)
        now = system.now()
        assert before - timedelta(milliseconds=1) < now <= datetime.now(UTC)
        assert now.microsecond % 1000 == 0
        assert now.tzinfo is UTC


@given(st.integers(0, 4_000_000_000_000))
def test_every_millisecond_is_written_exactly(millisecond: int) -> None:
    now = datetime.fromtimestamp(millisecond / 1000, UTC)
    assert now == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millisecond)
