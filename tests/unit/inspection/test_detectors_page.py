"""The reference page says what the detectors say, and every detector says enough."""

from pathlib import Path

import pytest

from voltline.inspection.detector import Detector
from voltline.inspection.detectors_page import page
from voltline.inspection.registry import all_detectors
from voltline.inspection.thresholds import thresholds_of

WRITTEN = Path(__file__).parents[3] / "docs" / "reference" / "detectors.md"


def test_the_reference_page_is_up_to_date() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == page(), (
        "run: python -m voltline.inspection.detectors_page > docs/reference/detectors.md"
    )


@pytest.mark.parametrize("detector", all_detectors(), ids=lambda one: one.id)
def test_a_detector_says_what_it_is_and_what_to_do(detector: type[Detector]) -> None:
    assert detector.title
    assert detector.next_step.endswith((".", "?"))
    assert len(detector.explanation) > 150
    assert detector.events
    assert all(one.meaning.endswith(".") for one in thresholds_of(detector))
