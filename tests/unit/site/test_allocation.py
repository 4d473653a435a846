"""Sharing a tree of lines: fair to the tenth of an ampere, and never more than a line has."""

from hypothesis import given
from hypothesis import strategies as st

from voltline.smart_charging.site.allocation import Ask, allocate

LINES = 6
amperes = st.integers(0, 400).map(lambda tenths: tenths / 10)


@st.composite
def asks(draw):
    """Connectors behind one or two of two three-phase fuses, some of them on one phase."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        phases = draw(st.sampled_from(((0,), (1,), (2,), (0, 1), (0, 1, 2))))
        below = draw(st.booleans())
        lines = tuple(3 * fuse + phase for fuse in ((0, 1) if below else (0,)) for phase in phases)
        floor = draw(st.sampled_from((0.0, 0.0, 0.0, 6.0)))
        needed, idle = draw(st.sampled_from((0.0, 0.0, 9.0))), draw(st.sampled_from((False, False, True)))
        want, priority = draw(amperes), draw(st.sampled_from((0, 0, 1)))
        found.append(Ask(lines, floor, max(6.0, floor), want, needed, priority, idle))
    return found


def loads(found, given_a):
    sums = [0.0] * LINES
    for ask, amount in zip(found, given_a, strict=True):
        for line in ask.lines:
            sums[line] += amount
    return sums


@given(asks(), st.lists(amperes, min_size=LINES, max_size=LINES))
def test_no_line_carries_more_than_it_has_and_nobody_gets_a_useless_current(found, room):
    given_a = allocate(found, room)
    floors = loads(found, [ask.floor_a for ask in found])
    for carried, has, floor in zip(loads(found, given_a), room, floors, strict=True):
        assert carried <= max(has, floor) + 1e-6
    for ask, amount in zip(found, given_a, strict=True):
        assert amount == ask.floor_a or ask.least_a <= amount <= max(ask.want_a, ask.least_a)


@given(asks(), st.lists(amperes, min_size=LINES, max_size=LINES))
def test_who_charges_gets_less_than_another_only_for_a_full_line_or_a_fulfilled_wish(found, room):
    found = [ask._replace(needed_a=0.0, priority=0, idle=False, floor_a=0.0) for ask in found]
    given_a = allocate(found, room)
    carried = loads(found, given_a)
    for ask, amount in zip(found, given_a, strict=True):
        if amount < ask.least_a or amount >= ask.want_a - 0.11:
            continue
        # Max-min fair: on some full line that it uses, nobody above the least current has more.
        assert any(
            room[line] - carried[line] < 0.11 * len(found)
            and all(
                other_amount <= max(amount, other.least_a) + 0.11
                for other, other_amount in zip(found, given_a, strict=True)
                if line in other.lines
            )
            for line in ask.lines
        )


def test_what_one_does_not_want_is_shared_by_the_others():
    wishes = (8.0, 32.0, 32.0)
    assert allocate([Ask((0,), 0.0, 6.0, want) for want in wishes], [48.0]) == [8.0, 20.0, 20.0]


def test_where_six_amperes_for_all_do_not_fit_the_first_by_turn_have_theirs_and_nobody_has_less():
    assert allocate([Ask((0,), 0.0, 6.0, 32.0)] * 4, [20.0]) == [6.6, 6.6, 6.6, 0.0]


def test_who_is_in_a_hurry_has_what_it_needs_before_others_have_more_than_the_least():
    hurried = Ask((0,), 0.0, 6.0, 32.0, needed_a=20.0)
    assert allocate([Ask((0,), 0.0, 6.0, 32.0), hurried], [30.0]) == [10.0, 20.0]


def test_a_higher_priority_is_satisfied_before_a_lower_one_has_more_than_the_least():
    low, high = Ask((0,), 0.0, 6.0, 32.0), Ask((0,), 0.0, 6.0, 16.0, priority=1)
    assert allocate([high, low], [25.0]) == [16.0, 9.0]


def test_a_full_phase_holds_only_those_who_use_it():
    single = [Ask((0,), 0.0, 6.0, 32.0) for _ in range(3)]
    assert allocate([*single, Ask((1, 2), 0.0, 6.0, 32.0)], [30.0, 40.0, 40.0]) == [10.0, 10.0, 10.0, 32.0]


def test_an_idle_car_gets_the_least_current_and_only_what_is_left():
    idle = Ask((0,), 0.0, 6.0, 6.0, idle=True)
    assert allocate([idle, Ask((0,), 0.0, 6.0, 20.0)], [20.0]) == [0.0, 20.0]
    assert allocate([idle, Ask((0,), 0.0, 6.0, 20.0)], [30.0]) == [6.0, 20.0]


def test_a_line_that_stands_for_power_is_charged_by_each_phase():
    assert allocate([Ask((0, 1, 1, 1), 0.0, 6.0, 32.0)], [100.0, 30.0]) == [10.0]
