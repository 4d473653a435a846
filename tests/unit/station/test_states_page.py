"""docs/reference/connector-states.md says what the table says."""

from pathlib import Path

from voltline.station.core.status import TRANSITIONS, Cause, codes
from voltline.station.states_page import _CAUSES, page

WRITTEN = Path(__file__).parents[3] / "docs" / "reference" / "connector-states.md"


def test_page_is_current():
    assert WRITTEN.read_text() == page(), (
        "run: python -m voltline.station.states_page > docs/reference/connector-states.md"
    )


def test_page_draws_every_transition_and_names_every_cause():
    drawn = page()
    assert all(f" {one} " in drawn for one in codes())
    arrows = sum(len(row) for row in TRANSITIONS.values()) - sum(
        Cause.FAULT in row for row in TRANSITIONS.values()
    )
    assert drawn.count(" --> ") == arrows + 1
    assert set(_CAUSES) == set(Cause)
