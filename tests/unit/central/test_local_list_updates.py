"""What is sent to a charge point so that its local list is as it should be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.local_lists import Capacity, ListEntry, Update, capacity, keeps_cache, updates

TAGS = st.lists(
    st.builds(ListEntry, st.sampled_from([f"T{n}" for n in range(12)]), st.sampled_from([None, "G"])),
    unique_by=lambda entry: entry.id_tag,
).map(tuple)


def entries(count: int, first: int = 0) -> tuple[ListEntry, ...]:
    return tuple(ListEntry(f"T{number}") for number in range(first, first + count))


class Station:
    """A list by the book."""

    def __init__(self, held: tuple[ListEntry, ...], version: int) -> None:
        self.held = {entry.id_tag.lower(): entry for entry in held}
        self.version = version
        self.longest = len(self.held)

    def take(self, update: Update) -> None:
        if update.full:
            assert not update.removed
            self.held = {}
        else:
            assert update.version > self.version
        self.version = update.version
        for id_tag in update.removed:
            del self.held[id_tag.lower()]
        self.held |= {entry.id_tag.lower(): entry for entry in update.entries}
        self.longest = max(self.longest, len(self.held))


@pytest.mark.requirement("LST-09", "LST-15", "LST-16", "LST-17")
@given(wanted=TAGS, held=st.none() | TAGS, version=st.integers(-1, 2**31 - 1), at_once=st.integers(1, 5))
def test_updates_lead_from_what_is_held_to_what_is_wanted(
    wanted: tuple[ListEntry, ...], held: tuple[ListEntry, ...] | None, version: int, at_once: int
) -> None:
    station = Station(held or (), version)
    longest = max(len(wanted), len(held or ()))
    parts = updates(wanted, held, version, at_once)
    for part in parts:
        station.take(part)
        assert 1 <= part.version < 2**31
        names = [entry.id_tag.lower() for entry in part.entries] + [tag.lower() for tag in part.removed]
        assert len(set(names)) == len(names) <= at_once
    assert set(station.held.values()) == set(wanted)
    assert station.longest <= longest
    versions = [part.version for part in parts]
    assert versions == [versions[0] + place for place in range(len(versions))]
    assert not any(part.full for part in parts[1:])
    assert parts or held is not None


def test_nothing_is_sent_where_nothing_differs() -> None:
    assert updates(entries(5), entries(5), 3, 2) == []
    assert updates((), (), 0, 2) == []


def test_unknown_content_is_replaced_also_by_nothing() -> None:
    assert updates((), None, 7, 20) == [Update(version=8, full=True, entries=())]


def test_the_shorter_way_is_taken() -> None:
    one_more = updates(entries(101), entries(100), 1, 20)
    assert [(part.full, len(part.entries)) for part in one_more] == [(False, 1)]
    all_others = updates(entries(20, 100), entries(100), 1, 20)
    assert [(part.full, len(part.entries)) for part in all_others] == [(True, 20)]


def test_versions_start_over_with_a_full_list_when_they_run_out() -> None:
    (part,) = updates(entries(2), entries(1), 2**31 - 2, 20)
    assert (part.version, part.full) == (1, True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Capacity(told=False)),
        (
            {
                "supportedfeatureprofiles": "Core, localauthlistmanagement",
                "localauthlistenabled": " TRUE",
                "sendlocallistmaxlength": "7",
                "localauthlistmaxlength": "70",
            },
            Capacity(supported=True, enabled=True, at_once=7, most=70),
        ),
        (
            {"supportedfeatureprofiles": "Core", "localauthlistenabled": "false"},
            Capacity(supported=False, enabled=False),
        ),
        ({"sendlocallistmaxlength": "99999999999", "localauthlistmaxlength": "many"}, Capacity(at_once=500)),
        ({"sendlocallistmaxlength": "0", "localauthlistmaxlength": "0"}, Capacity()),
    ],
)
def test_capacity_is_what_the_configuration_says(values: dict[str, str | None], expected: Capacity) -> None:
    assert capacity(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, True), ({"x": "y"}, False), ({"authorizationcacheenabled": "true"}, True)]
    + [({"authorizationcacheenabled": text}, False) for text in ("false", " False ")],
)
def test_only_a_charge_point_with_a_cache_has_something_to_forget(
    values: dict[str, str | None], expected: bool
) -> None:
    assert keeps_cache(values) is expected
