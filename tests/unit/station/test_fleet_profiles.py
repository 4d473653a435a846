"""Profiles of fleets as files: those that are shipped, and what is told of wrong ones."""

import pytest

from voltline.station.simulator.fleet.profile_reading import read_profile, shipped
from voltline.station.simulator.yaml_text import Unreadable

LEAST = "stations: [{model: One}]\narrivals: {cars_a_day: 3}\nstay: {hours: 2}\n"


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_profiles_can_be_used(name: str) -> None:
    profile = read_profile(name, shipped()[name])
    assert profile.about
    assert sum(profile.arrivals.by_hour) > 0


def test_the_four_places_are_shipped() -> None:
    assert set(shipped()) == {"depot", "motorway-dc", "public-street", "workplace"}


def test_what_is_not_said_has_its_default() -> None:
    profile = read_profile("least.yaml", LEAST)
    assert profile.arrivals.by_hour == (1.0,) * 24
    assert profile.makes[0].options.connectors == 1
    assert profile.network.losses_a_day == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "fault: {codes: [GroundFailure]}",
            "x.yaml:4:1: no part of the profile is called 'fault'; did you mean",
        ),
        ("faults: {codes: [GroundFail]}", "x.yaml:4:18: no error code is called 'GroundFail'; did you mean"),
        ("meter: {interval_s: 1.5}", "x.yaml:4:21: interval_s is a whole number, not '1.5'"),
        ("tags: {unknown_share: 2}", "x.yaml:4:23: unknown_share is a number from 0 to 1, not '2'"),
        ("ends: {tag: 0, unplug: 0, button: 0}", "x.yaml:4:7: one of tag, unplug and button"),
        ("network: 3", "x.yaml:4:10: a network is written as names and values, not as '3'"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(line: str, complaint: str) -> None:
    with pytest.raises(Unreadable) as told:
        read_profile("x.yaml", f"{LEAST}{line}\n")
    assert complaint in str(told.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Unreadable) as told:
        read_profile("x.yaml", "stations: []\narrivals: {cars_a_day: -1, by_hour: {24: 1}}\n")
    assert [problem.place.line for problem in told.value.problems] == [1, 1, 2, 2, 2]


def test_makes_share_a_fleet_as_the_profile_says() -> None:
    profile = read_profile(
        "two.yaml", LEAST.replace("{model: One}", "{model: A, share: 3}, {model: B, share: 1}")
    )
    models = [profile.options_of(number, speed=1, seed=0).model for number in range(400)]
    assert models.count("A") == pytest.approx(300, abs=4)
