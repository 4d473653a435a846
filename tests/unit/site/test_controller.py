"""What a site's controller does, fact by fact. Times are seconds; a plain site of two connectors and 40 A."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import (
    Began,
    Booted,
    Ended,
    Excused,
    Finding,
    Lease,
    LeaseAnswered,
    Measured,
    Need,
    Offline,
    Online,
    OthersMeasured,
    Planned,
    Rotation,
    SafeAnswered,
    SafeDefault,
    SurplusMeasured,
    Trouble,
)
from voltline.smart_charging.site.tree import Connector, Fuse, InvalidSite, Site, Window

START = 1_767_571_200.0  # a Monday, 00:00 UTC


def a_site(rating_a=40.0, connectors=2, safe_part=0.0, others_a=0.0, margin_a=0.0, windows=(), **more):
    return Site(
        name="small",
        fuses=(Fuse(name="grid", rating_a=rating_a, others_a=others_a, margin_a=margin_a, windows=windows),),
        connectors=tuple(Connector(id=f"CP{n + 1}", fuse="grid", **more) for n in range(connectors)),
        safe_part=safe_part,
    )


@dataclass
class Lab:
    """A controller with charge points that answer at once, and draw what their cars take of their leases."""

    controller: SiteController
    now: float = START
    leases: dict[str, Lease] = field(default_factory=dict)
    wants: dict[str, tuple[float, ...]] = field(default_factory=dict)
    answers: bool = True
    log: list = field(default_factory=list)

    @classmethod
    def of(cls, site, settled=True):
        lab = cls(SiteController(site, START))
        for one in site.connectors:
            lab.tell(Online(one.id))
        if settled:  # what may have been lent before has lapsed
            lab.seconds(300)
            lab.log.clear()
        return lab

    def tell(self, fact):
        self.controller.handle(fact, self.now)

    def plug(self, name, transaction=1, wants=(32.0, 32.0, 32.0), need=None):
        self.wants[name] = wants
        self.tell(Began(name, transaction, need))

    def drawn(self, name):
        lease = self.leases.get(name)
        limit = lease.current_a if lease is not None and self.now < lease.until else 0.0
        return tuple(min(limit, want) if limit >= 6 else 0.0 for want in self.wants.get(name, ()))

    def seconds(self, count):
        for _ in range(count):
            self.now += 1
            for act in self.controller.step(self.now):
                self.log.append((self.now - START, act))
                if isinstance(act, Lease) and self.answers:
                    self.leases[act.connector] = act
                    self.tell(LeaseAnswered(act.number, accepted=True))
                elif isinstance(act, SafeDefault) and self.answers:
                    self.tell(SafeAnswered(act.number, accepted=True))
            if int(self.now) % 5 == 0:
                for name in self.wants:
                    self.tell(Measured(name, self.drawn(name), self.now))

    def limit(self, name):
        return self.leases[name].current_a if name in self.leases else None

    def sent(self, kind=Lease):
        return [act for _, act in self.log if isinstance(act, kind)]

    def troubles(self):
        return [act.trouble for act in self.sent(Finding)]


def test_a_charge_point_first_gets_its_fail_safe_default():
    lab = Lab.of(a_site(safe_part=0.5), settled=False)
    lab.seconds(1)
    assert [(act.connector, act.current_a) for act in lab.sent(SafeDefault)] == [("CP1", 6.0), ("CP2", 6.0)]


def test_fail_safe_shares_go_to_as_many_as_a_part_of_the_connection_allows_the_others_pause():
    lab = Lab.of(a_site(rating_a=40, connectors=4, safe_part=0.35), settled=False)
    lab.seconds(1)
    assert [act.current_a for act in lab.sent(SafeDefault)] == [6.0, 6.0, 0.0, 0.0]


def test_fail_safe_shares_that_do_not_fit_are_refused_with_what_to_do():
    with pytest.raises(InvalidSite, match="24 A more than grid, L1 has for certain; name less"):
        SiteController(a_site(rating_a=40, safe_a=32.0), START)


def test_a_lone_car_has_all_that_its_connector_gives_as_a_lease_that_is_renewed_before_it_lapses():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(400)
    leases = lab.sent()
    assert {act.current_a for act in leases} == {32.0}
    assert len(leases) == 4
    assert lab.leases["CP1"].until > lab.now + 100


def test_a_second_car_has_its_part_only_when_the_first_is_seen_to_draw_less():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(60)
    lab.plug("CP2", 2)
    lab.log.clear()
    lab.seconds(60)
    at = {act.connector: at for at, act in lab.log if isinstance(act, Lease) and act.current_a == 20}
    assert (lab.limit("CP1"), lab.limit("CP2")) == (20.0, 20.0)
    # Answered within the second, measured up to five seconds later.
    assert at["CP2"] > at["CP1"] + 1


def test_a_lowering_that_nobody_answers_frees_nothing_before_the_old_lease_has_lapsed():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(60)
    lapses = lab.leases["CP1"].until
    lab.tell(Offline("CP1"))
    lab.plug("CP2", 2)
    lab.seconds(int(lapses - lab.now) + 29)
    assert lab.limit("CP2") == 8.0
    lab.seconds(40)
    assert lab.limit("CP2") == 32.0


def test_a_charge_point_that_is_told_less_and_draws_on_is_counted_with_all_its_hardware_gives():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(60)
    lab.plug("CP2", 2)
    drawn = lab.drawn
    lab.drawn = lambda name: (32.0, 32.0, 32.0) if name == "CP1" else drawn(name)
    lab.seconds(120)
    assert Trouble.DISOBEYS in lab.troubles()
    assert lab.limit("CP2") == 8.0
    assert lab.controller.view(lab.now)[0].possible_a == (32.0, 32.0, 32.0)


def test_who_has_disobeyed_is_believed_again_after_long_obedience():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(60)
    lab.tell(Measured("CP1", (40.0, 40.0, 40.0), lab.now))
    assert lab.controller.view(lab.now)[0].possible_a == (40.0, 40.0, 40.0)
    lab.seconds(1900)
    assert lab.troubles().count(Trouble.OBEYS_AGAIN) == 1
    assert not lab.controller.view(lab.now)[0].distrusted


def test_an_untrusted_connector_counts_with_all_its_hardware_gives_before_it_has_done_anything():
    site = a_site()
    site = Site(
        name=site.name,
        fuses=site.fuses,
        connectors=(site.connectors[0], Connector(id="CP2", fuse="grid", trusted=False)),
        safe_part=0.0,
    )
    lab = Lab.of(site)
    lab.plug("CP1")
    lab.seconds(60)
    assert lab.limit("CP1") == 8.0


def test_a_car_that_draws_less_than_it_may_leaves_the_rest_to_others_and_gets_it_back_when_it_wants_it():
    lab = Lab.of(a_site())
    lab.plug("CP1", wants=(10.0, 10.0, 10.0))
    lab.plug("CP2", 2)
    lab.seconds(180)
    assert (lab.limit("CP1"), lab.limit("CP2")) == (11.0, 29.0)
    lab.wants["CP1"] = (32.0, 32.0, 32.0)
    lab.seconds(240)
    assert (lab.limit("CP1"), lab.limit("CP2")) == (20.0, 20.0)


def test_a_current_is_not_changed_again_within_half_a_minute_unless_safety_needs_it():
    lab = Lab.of(a_site(rating_a=60, connectors=4, others_a=30))
    lab.tell(OthersMeasured("grid", (0.0, 0.0, 0.0), lab.now))
    lab.plug("CP1")
    lab.seconds(10)
    for number in (2, 3, 4):
        lab.plug(f"CP{number}", number)
        lab.seconds(5)
    lab.tell(OthersMeasured("grid", (0.0, 0.0, 0.0), lab.now))
    lab.seconds(60)
    changes: dict[str, list[float]] = {}
    for at, act in lab.log:
        if isinstance(act, Lease):
            had = changes.setdefault(act.connector, [])
            had.append(at)
    assert all(later - earlier >= 30 for had in changes.values() for earlier, later in pairwise(had))
    lab.log.clear()
    lab.tell(OthersMeasured("grid", (36.0, 0.0, 0.0), lab.now))
    lab.seconds(1)
    assert {act.current_a for act in lab.sent()} == {6.0}


def test_where_not_all_can_have_six_amperes_they_take_turns():
    lab = Lab.of(a_site(rating_a=15, connectors=3))
    for number in (1, 2, 3):
        lab.plug(f"CP{number}", number)
    charged = dict.fromkeys(("CP1", "CP2", "CP3"), 0)
    for _ in range(90):
        lab.seconds(60)
        for name in charged:
            charged[name] += any(lab.drawn(name))
            assert lab.limit(name) in (None, 0.0) or lab.limit(name) >= 6.0
    assert min(charged.values()) >= 50
    assert any(act.pauses for act in lab.sent(Rotation))


def test_a_car_that_would_be_late_is_not_made_to_wait():
    lab = Lab.of(a_site(rating_a=15, connectors=3))
    for number in (1, 2):
        lab.plug(f"CP{number}", number)
    lab.seconds(60)
    lab.plug("CP3", 3, need=Need(energy_wh=8_000, departure=lab.now + 1800))
    lab.seconds(90)
    assert lab.limit("CP3") >= 7.5


def test_the_building_comes_first_and_a_silent_meter_means_the_most_that_it_may_draw():
    lab = Lab.of(a_site(others_a=25.0, margin_a=2.0))
    lab.plug("CP1")
    lab.tell(OthersMeasured("grid", (5.0, 5.0, 5.0), lab.now))
    lab.seconds(60)
    assert lab.limit("CP1") == 32.0
    lab.tell(OthersMeasured("grid", (20.0, 5.0, 5.0), lab.now))
    lab.seconds(1)
    assert lab.limit("CP1") == 18.0
    lab.seconds(120)
    assert lab.limit("CP1") == 15.0
    assert Trouble.METER_SILENT in lab.troubles()


def test_feeding_in_makes_no_room():
    lab = Lab.of(a_site(rating_a=20))
    lab.tell(OthersMeasured("grid", (-30.0, -30.0, -30.0), lab.now))
    assert lab.controller.capacities(lab.now) == [20.0, 20.0, 20.0]


def test_a_current_is_down_before_a_scheduled_capacity_is():
    lab = Lab.of(a_site(windows=(Window(0, 40.0), Window(1800, 10.0))))
    lab.plug("CP1")
    lab.seconds(900)
    assert lab.limit("CP1") == 32.0
    while lab.now < START + 1799:
        lab.seconds(1)
    assert lab.limit("CP1") == 10.0
    assert max(lab.controller.possible(lab.now)) == 10.0


def test_a_solar_car_has_what_the_sun_leaves_over_and_pauses_below_six_amperes():
    lab = Lab.of(a_site())
    lab.plug("CP1", need=Need(solar_only=True))

    def sun(power_w):
        for _ in range(6):
            lab.tell(SurplusMeasured(power_w, lab.now))
            lab.seconds(20)

    sun(8 * 3 * 230.0)
    assert lab.limit("CP1") == 8.0
    sun(5 * 3 * 230.0)
    assert lab.limit("CP1") == 0.0


def test_phases_that_a_car_does_not_use_are_given_to_others_where_the_connector_can_be_told_so():
    lab = Lab.of(a_site(limits_phases=True))
    lab.plug("CP1", wants=(32.0, 0.0, 0.0))
    lab.plug("CP2", 2, wants=(32.0, 32.0, 32.0))
    lab.seconds(120)
    assert lab.leases["CP1"].phases == 1
    assert lab.controller.possible(lab.now)[1] == lab.limit("CP2")


def test_a_plan_is_kept_to_as_long_as_the_car_is_not_late_for_it():
    lab = Lab.of(a_site())
    need = Need(energy_wh=5_000, departure=lab.now + 8 * 3600)
    lab.plug("CP1", need=need)
    lab.tell(Planned("CP1", ((lab.now, 0.0), (lab.now + 600, 16.0), (lab.now + 6000, 0.0))))
    lab.seconds(500)
    assert lab.limit("CP1") in (None, 0.0)
    lab.seconds(200)
    assert lab.limit("CP1") == 16.0
    lab.tell(Planned("CP1", ((lab.now, 0.0), (lab.now + 60, 0.0))))
    lab.seconds(90)
    assert lab.limit("CP1") == 32.0  # it would never be ready


def test_who_is_excused_is_believed_again_after_the_time_of_grace_and_once():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(30)

    def overdraws():
        lab.tell(Measured("CP1", (45.0, 0.0, 0.0), lab.now))
        assert lab.controller.view(lab.now)[0].distrusted

    overdraws()
    lab.tell(Excused("CP1"))
    lab.seconds(45)
    assert not lab.controller.view(lab.now)[0].distrusted
    overdraws()
    lab.seconds(45)
    assert lab.controller.view(lab.now)[0].distrusted


def test_a_meter_that_wavers_within_the_margin_is_no_alarm_and_one_that_does_not_is():
    lab = Lab.of(a_site(others_a=40.0, margin_a=2.0))
    lab.tell(OthersMeasured("grid", (10.0, 10.0, 10.0), lab.now))
    lab.plug("CP1")
    lab.seconds(60)
    assert lab.limit("CP1") == 28.0
    for second in range(20):
        lab.tell(OthersMeasured("grid", (10.0 + 0.4 * (second % 2),) * 3, lab.now))
        lab.seconds(1)
    assert Trouble.OVER_CAPACITY not in lab.troubles()
    lab.tell(OthersMeasured("grid", (11.0, 10.0, 10.0), lab.now))
    lab.seconds(1)
    assert Trouble.OVER_CAPACITY in lab.troubles()


def test_a_car_that_waits_by_its_plan_has_less_than_its_share_and_is_told_so_once_a_renewal():
    lab = Lab.of(a_site(safe_a=6.0))
    need = Need(energy_wh=5_000, departure=lab.now + 8 * 3600)
    lab.plug("CP1", need=need)
    lab.seconds(60)
    lab.tell(Planned("CP1", ((lab.now, 0.0), (lab.now + 3600, 16.0), (lab.now + 7200, 0.0))))
    lab.seconds(60)
    assert lab.limit("CP1") == 0.0
    before = lab.leases["CP1"].number
    lab.seconds(600)
    assert lab.limit("CP1") == 0.0
    assert lab.leases["CP1"].number - before <= 6, "what changes nothing is sent for a renewal alone"


def test_the_end_of_a_transaction_gives_back_what_was_lent_to_it_at_once():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(30)
    lab.tell(Ended("CP1", 1))
    del lab.wants["CP1"]
    assert lab.controller.possible(lab.now) == [0.0, 0.0, 0.0]


def test_after_a_reboot_a_lease_is_sent_again():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(30)
    lab.log.clear()
    lab.tell(Booted("CP1"))
    lab.seconds(2)
    assert [act.current_a for act in lab.sent()] == [32.0]


def test_a_controller_that_restarts_with_its_memory_goes_on_and_without_it_is_careful():
    lab = Lab.of(a_site())
    lab.plug("CP1")
    lab.seconds(30)
    old = lab.controller
    remembering = SiteController(a_site(), lab.now, None, old.memory(), old.next_number)
    assert remembering.possible(lab.now) == [32.0, 32.0, 32.0]
    forgetful = SiteController(a_site(), lab.now)
    assert forgetful.possible(lab.now) == [64.0, 64.0, 64.0]
    for fact in (Online("CP1"), Began("CP1", 1), Online("CP2"), Began("CP2", 2)):
        forgetful.handle(fact, lab.now)
    assert not [act for act in forgetful.step(lab.now) if isinstance(act, Lease) and act.current_a > 0]


def test_a_charge_point_that_refuses_its_lease_is_told_of_once_and_asked_again_later():
    lab = Lab.of(a_site())
    lab.answers = False
    lab.plug("CP1")
    for _ in range(100):
        lab.seconds(1)
        for act in lab.sent():
            lab.tell(LeaseAnswered(act.number, accepted=False))
    assert lab.troubles().count(Trouble.LEASE_REFUSED) == 1
    assert 2 <= len(lab.sent()) <= 4
    assert lab.controller.possible(lab.now) == [0.0, 0.0, 0.0]
