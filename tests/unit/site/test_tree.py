"""Fuses, phases and the sites that cannot be."""

import pytest

from voltline.smart_charging.site.capacity import Capacity
from voltline.smart_charging.site.tree import Connector, Fuse, InvalidSite, Rotation, Site, Window, Wiring


def a_site(*connectors, fuses=None, **more):
    fuses = fuses or (Fuse(name="grid", rating_a=50), Fuse(name="hall", rating_a=30, above="grid"))
    return Site(name="x", fuses=fuses, connectors=connectors, **more)


def test_a_current_flows_through_the_same_phase_of_every_fuse_above():
    wiring = Wiring(a_site(Connector(id="A", fuse="hall", rotation=Rotation.STR)))
    lines = [{wiring.label(line) for line in phase} for phase in wiring.phase_lines(0)]
    assert lines == [{"hall, L2", "grid, L2"}, {"hall, L3", "grid, L3"}, {"hall, L1", "grid, L1"}]


def test_a_current_of_an_unknown_rotation_counts_on_every_phase():
    wiring = Wiring(a_site(Connector(id="A", fuse="grid", phases=1, rotation=Rotation.UNKNOWN)))
    assert {wiring.label(line) for line in wiring.lines_used(0, 1)} == {"grid, L1", "grid, L2", "grid, L3"}


@pytest.mark.parametrize(
    ("site", "path", "said"),
    [
        (a_site(Connector(id="A", fuse="hal")), "connectors[0].fuse", "there are grid, hall"),
        (a_site(Connector(id="A", fuse="grid"), Connector(id="A", fuse="grid")), "connectors[1]", "twice"),
        (
            a_site(Connector(id="A", fuse="grid", safe_a=4.0)),
            "connectors[0].safe_a",
            "0 A, or from 6 to 32 A",
        ),
        (a_site(fuses=(Fuse(name="a", rating_a=1), Fuse(name="b", rating_a=1))), "fuses", "have none: a, b"),
        (a_site(fuses=(Fuse(name="grid", rating_a=0),)), "fuses[0].rating_a", "more than 0 A"),
        (a_site(zone="Mars/Base"), "zone", "one is Europe/Berlin"),
    ],
)
def test_a_site_that_cannot_be_is_refused_with_the_place_and_what_to_do(site, path, said):
    with pytest.raises(InvalidSite) as caught:
        Wiring(site)
    [(at, text)] = caught.value.problems
    assert at == path
    assert said in text


def test_a_loop_of_fuses_is_told():
    fuses = (
        Fuse(name="grid", rating_a=1),
        Fuse(name="a", rating_a=1, above="b"),
        Fuse(name="b", rating_a=1, above="a"),
    )
    with pytest.raises(InvalidSite, match="'a' is above itself"):
        Wiring(a_site(fuses=fuses))


def test_a_schedule_follows_the_clock_of_the_site_when_it_is_put_forward():
    fuse = Fuse(name="grid", rating_a=50, windows=(Window(0, 50), Window(3 * 3600, 20), Window(4 * 3600, 50)))
    capacity = Capacity(Wiring(a_site(fuses=(fuse,), zone="Europe/Berlin")), 60)
    at = 1_774_745_999.0  # 2026-03-29, 01:59:59; a second later it is 03:00:00
    assert capacity.least(at - 300, at - 250) == [50.0] * 3
    assert capacity.least(at, at + 30) == [20.0] * 3
    assert capacity.least(at + 3700, at + 3800) == [50.0] * 3
