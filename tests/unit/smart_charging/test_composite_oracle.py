"""The engine against a plain, second-by-second reading of the rules, on random profiles.

`tests/conformance/composite_oracle.py` does the same on as many as one has patience for.
"""

import pytest
from hypothesis import given, settings
from tests.conformance.schedule_cases import Case, cases, check


@pytest.mark.requirement("SCC-01", "SCC-03", "SCC-05", "SCC-06", "SCC-09", "SCC-16")
@pytest.mark.requirement("SCS-01", "SCS-03", "SCS-04", "SCT-02", "SCT-08", "SCT-13", "SCT-16")
@given(case=cases())
@settings(max_examples=120)  # each of some three sets of profiles
def test_schedules_are_what_a_reading_of_every_second_gives(case: Case) -> None:
    check(case)
