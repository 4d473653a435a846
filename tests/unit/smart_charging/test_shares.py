"""Connectors share what is allowed to all of them: fairly, fully, and never more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.smart_charging.shares import Demand, shares

demands = st.builds(lambda least, more: Demand(least, least + more), st.floats(0, 20), st.floats(0, 40))


@given(whole=st.floats(0, 200), each=st.lists(demands, max_size=6))
def test_shares_are_fair_and_leave_nothing_that_could_be_used(whole: float, each: list[Demand]) -> None:
    found = shares(whole, each)
    assert sum(found) <= whole + 1e-6
    served = [(share, one) for share, one in zip(found, each, strict=True) if share or not one.least]
    for share, one in served:
        assert one.least - 1e-6 <= share <= one.most + 1e-6
    hungry = [share for share, one in served if share < one.most - 1e-6]
    assert not hungry or sum(found) == pytest.approx(whole, abs=1e-6), "some is left, and somebody wants it"
    for share, one in served:
        # Nobody has more than one who wants more, unless it could not do with less.
        assert all(share <= other + 1e-6 or share <= one.least + 1e-6 for other in hungry)


def test_what_is_too_little_for_all_goes_to_those_who_came_first() -> None:
    assert shares(10, [Demand(6, 32), Demand(6, 32)]) == [10, 0]
    assert shares(13, [Demand(6, 7), Demand(6, 32), Demand(6, 32)]) == [6.5, 6.5, 0]
    assert shares(20, [Demand(0, 9), Demand(18, 32)]) == [2, 18]
    assert shares(40, [Demand(6, 7), Demand(6, 32)]) == [7, 32]
    assert shares(5, [Demand(6, 32)]) == [0]
    assert shares(5, []) == []
