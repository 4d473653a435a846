"""Cars that come and go by themselves, on a clock that the test turns."""

import re
from random import Random

import msgspec
import pytest

from voltline.cli.station import AUTO_TAGS
from voltline.messages import ChargePointStatus
from voltline.station.simulator.actions import PlugIn, Present, PressStop, Unplug
from voltline.station.simulator.options import DEFAULT_TAG
from voltline.station.simulator.view import ConnectorView
from voltline.station.simulator.visits import Rhythm, Visits

RHYTHM = Rhythm(first_pause_s=4, pause_s=60, stay_s=600, fumble_s=3, patience_s=20)
FREE = ConnectorView(connector_id=1, status=ChargePointStatus.AVAILABLE)
PLUGGED = msgspec.structs.replace(
    FREE, status=ChargePointStatus.PREPARING, plugged=True, wants_energy=True, soc_percent=40.0
)
CHARGING = msgspec.structs.replace(PLUGGED, status=ChargePointStatus.CHARGING, id_tag="A")


class Yard:
    def __init__(self, tags: tuple[str, ...] = ("A",), seed: int = 1) -> None:
        self.visits = Visits(1, tags, RHYTHM, Random(seed), 0.0)
        self.now = 0.0

    def next(self, view: ConnectorView) -> list[object]:
        """Go on to the next deadline, and what is done there."""
        self.now = self.visits.next_deadline()
        return self.visits.act([view], self.now)

    def until_something(self, view: ConnectorView) -> list[object]:
        for _ in range(100):
            if actions := self.next(view):
                return actions
        raise AssertionError("nothing is ever done")


def test_a_visit_from_plug_to_departure():
    yard = Yard()
    assert yard.next(FREE) == [PlugIn(1)]
    assert 2 <= yard.now <= 6
    assert yard.next(PLUGGED) == [Present("A", 1)]
    plugged_at = yard.now
    assert yard.until_something(CHARGING) == [Present("A", 1)]
    assert 300 <= yard.now - plugged_at <= 900
    assert yard.next(PLUGGED) == [Unplug(1)]
    left_at = yard.now
    assert yard.next(FREE) == [PlugIn(1)]
    assert 30 <= yard.now - left_at <= 90


def test_full_car_leaves_early():
    yard = Yard()
    yard.next(FREE)
    yard.next(PLUGGED)
    yard.next(CHARGING)
    full = msgspec.structs.replace(CHARGING, wants_energy=False)
    assert yard.next(full) == [Present("A", 1)]
    assert yard.now < 100


def test_driver_whose_tag_is_refused_leaves():
    yard = Yard()
    yard.next(FREE)
    yard.next(PLUGGED)
    presented_at = yard.now
    assert yard.next(PLUGGED) == [Unplug(1)]
    assert yard.now - presented_at == RHYTHM.patience_s


def test_cable_that_is_kept_is_released_by_its_tag():
    yard = Yard()
    yard.next(FREE)
    yard.next(PLUGGED)
    kept = msgspec.structs.replace(PLUGGED, status=ChargePointStatus.FINISHING, locked=True)
    assert yard.next(kept) == [Present("A", 1), Unplug(1)]


def test_transaction_that_does_not_end_with_the_tag_is_stopped_by_the_button():
    yard = Yard()
    yard.next(FREE)
    yard.next(PLUGGED)
    assert yard.until_something(CHARGING) == [Present("A", 1)]
    assert yard.next(CHARGING) == [PressStop(1)]
    assert yard.next(PLUGGED) == [Unplug(1)]


def test_remote_stop_sends_the_car_away():
    yard = Yard()
    yard.next(FREE)
    yard.next(PLUGGED)
    yard.next(CHARGING)
    assert yard.until_something(PLUGGED) == [Unplug(1)]


@pytest.mark.parametrize("status", ["Unavailable", "Faulted", "Reserved"])
def test_nobody_plugs_in_where_nothing_is_free(status: str):
    yard = Yard()
    closed = msgspec.structs.replace(FREE, status=ChargePointStatus(status))
    assert [yard.next(closed) for _ in range(5)] == [[]] * 5


def test_same_seed_gives_the_same_visits():
    def course(seed: int) -> list[float]:
        yard = Yard(("A", "B", "C"), seed)
        times = []
        for view in (FREE, PLUGGED, CHARGING, CHARGING, PLUGGED, FREE):
            yard.next(view)
            times.append(yard.now)
        return times

    assert course(5) == course(5)
    assert course(5) != course(6)


def test_visits_need_tags():
    with pytest.raises(ValueError, match="at least one id tag"):
        Visits(1, (), RHYTHM, Random(1), 0.0)


@pytest.mark.requirement("GEN-12")
def test_cards_of_the_simulation_are_told_as_card_readers_tell_them():
    for id_tag in (DEFAULT_TAG, *AUTO_TAGS):
        assert re.fullmatch("(?:[0-9A-F]{8}|[0-9A-F]{14})", id_tag)
