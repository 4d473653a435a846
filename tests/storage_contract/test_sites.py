"""Sites are kept with what was lent there, and a connector is at one of them only."""

from datetime import timedelta

import msgspec
import pytest

from voltline.central.domain.sites import (
    FusePoint,
    LeaseWay,
    Member,
    ProfileIds,
    SiteDefinition,
    SiteMemory,
    SitePoint,
)
from voltline.central.services import sites
from voltline.messages import ChargingRateUnit
from voltline.smart_charging.site.claims import Default, Remembered, Said
from voltline.smart_charging.site.tree import Fuse

from .conftest import Storage
from .saying import NOON


def definition(name: str = "Depot", *connectors: Member) -> SiteDefinition:
    return SiteDefinition(name=name, fuses=(Fuse(name="grid", rating_a=63.0),), connectors=connectors)


def member(identity: str = "CP1", connector: int = 1) -> Member:
    return Member(charge_point=identity, connector=connector, fuse="grid")


def point(seconds: int) -> SitePoint:
    fuse = FusePoint(
        fuse="grid",
        rating_a=63.0,
        capacity_a=(63.0, 60.5, 63.0),
        allocated_a=(16.0, 16.0, 16.0),
        possible_a=(20.0, 16.0, 16.0),
        measured_a=(15.9, 15.8, 0.0),
    )
    return SitePoint(at=NOON + timedelta(seconds=seconds), fuses=(fuse,))


def test_a_site_is_found_in_any_case_as_it_was_described(storage: Storage) -> None:
    kept = storage.do(sites.add, definition("Depot", member()), NOON)
    assert storage.queries.site("dEPOT") == kept
    assert storage.queries.sites() == (kept,)
    changed = storage.do(sites.change, "depot", definition("Yard", member()), NOON)
    assert changed is not None and (changed.id, changed.name) == (kept.id, "Yard")
    assert storage.queries.site("depot") is None


def test_a_name_and_a_connector_are_taken_once(storage: Storage) -> None:
    storage.do(sites.add, definition("Depot", member()), NOON)
    with pytest.raises(sites.SiteNameTaken):
        storage.do(sites.add, definition("DEPOT"), NOON)
    with pytest.raises(sites.ConnectorTaken, match="'cp1' is at the site 'Depot'") as taken:
        storage.do(sites.add, definition("Yard", member("x"), member("cp1")), NOON)
    assert taken.value.path == "connectors[1]"
    storage.do(sites.add, definition("Yard", member("CP1", 2)), NOON)
    with pytest.raises(sites.SiteNameTaken):
        storage.do(sites.change, "Yard", definition("Depot"), NOON)
    assert storage.do(sites.change, "nowhere", definition("New"), NOON) is None


def test_what_was_lent_outlives_a_restart(storage: Storage) -> None:
    kept = storage.do(sites.add, definition("Depot", member()), NOON)
    lease = Said(7, 3, 16.0, 3, 1_900_000_000.5, 1_899_999_760.25, kept=True)
    memory = SiteMemory(
        connectors={"cp1/1": Remembered(leases=[lease], defaults=[Default(2, 6.0, 1.0, 2.0)])},
        next_number=8,
        ways={"cp1/1": LeaseWay(purpose="TxProfile", unit=ChargingRateUnit.W, stack_level=2)},
        profile_ids={"cp1/1": ProfileIds(4, 5)},
    )
    storage.do(sites.remember, kept.id, msgspec.json.encode(memory).decode())
    storage.restart()
    found = storage.queries.site("Depot")
    assert found is not None
    assert found.memory == memory


def test_history_is_read_in_order_and_ends_with_the_site(storage: Storage) -> None:
    kept = storage.do(sites.add, definition(), NOON)
    for seconds in (0, 30, 60, 60):
        storage.do(sites.sample, kept.id, point(seconds))
    assert storage.queries.site_history(kept.id) == (point(0), point(30), point(60))
    assert storage.queries.site_history(kept.id, limit=2) == (point(30), point(60))
    until = NOON + timedelta(seconds=60)
    assert storage.queries.site_history(kept.id, since=NOON + timedelta(seconds=1), until=until) == (
        point(30),
    )
    assert storage.do(sites.discard, NOON + timedelta(seconds=45), 1) == 1
    assert storage.do(sites.discard, NOON + timedelta(seconds=45), 10) == 1
    assert storage.queries.site_history(kept.id) == (point(60),)
    assert storage.do(sites.remove, "depot", NOON)
    assert not storage.do(sites.remove, "depot", NOON)
    assert storage.count("site_history") == 0
    storage.do(sites.sample, kept.id, point(90))  # what was on its way when it was removed
    assert storage.count("site_history") == 0
