"""A composite schedule of any duration is one."""

from datetime import UTC, datetime

import pytest

from voltline.smart_charging.composite import composite

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("duration_s", [0, 1, 86_400, 10**12])
@pytest.mark.parametrize("connector_id", [0, 1])
def test_schedule_fills_the_time_that_is_asked_for_up_to_a_year(connector_id: int, duration_s: int) -> None:
    segments = composite((), connector_id, NOON, duration_s, None)
    assert sum(one.end_s - one.start_s for one in segments) == min(duration_s, 366 * 86_400)
