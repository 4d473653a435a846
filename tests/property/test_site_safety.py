"""Whatever joins, leaves, lags, reboots, goes away or keeps drawing: no fuse carries more than it has."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.property.site_world import Network, World

from voltline.smart_charging.site.tree import Connector, Fuse, Rotation, Site, Window

NAMES = [f"CP{number}" for number in range(1, 8)]
names = st.sampled_from(NAMES)
ROTATIONS = (
    Rotation.RST,
    Rotation.STR,
    Rotation.TRS,
    Rotation.UNKNOWN,
    Rotation.RST,
    Rotation.SRT,
    Rotation.RTS,
)


def a_site(rogue: bool, scheduled: bool) -> Site:
    """Seven connectors that could draw 224 A, behind 63 A, four of them behind 40 A."""
    windows = (
        tuple(Window(hour * 3600, 63.0 if hour % 2 else 45.0) for hour in range(24)) if scheduled else ()
    )
    return Site(
        name="small",
        fuses=(
            Fuse(name="grid", rating_a=63.0, windows=windows),
            Fuse(name="hall", rating_a=40.0, above="grid"),
        ),
        connectors=tuple(
            Connector(
                id=name,
                fuse="hall" if number < 4 else "grid",
                rotation=ROTATIONS[number],
                phases=1 if number == 6 else 3,
                hardware_a=16.0 if number == 5 else 32.0,
                priority=1 if number == 2 else 0,
                limits_phases=number in (1, 4),
                metered=number != 5,
                trusted=not (rogue and number == 5),
            )
            for number, name in enumerate(NAMES)
        ),
    )


class SiteInMisery(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 2**16),
        stubborn=st.integers(0, 2),
        rogue=st.booleans(),
        scheduled=st.booleans(),
    )
    def begin(self, seed, stubborn, rogue, scheduled):
        self.world = World(a_site(rogue, scheduled), seed, stubborn)
        for name in NAMES:
            self.world.connect(name)
        # Until a charge point has its fail-safe default nobody can answer for what it does.
        for _ in self.world.seconds(5):
            pass
        self.passes(300)

    @rule(seconds=st.sampled_from((1, 7, 40, 130, 400)))
    def passes(self, seconds):
        for _ in self.world.seconds(seconds):
            self.world.check()

    @rule(name=names, wants_a=st.sampled_from((6.0, 10.0, 16.0, 32.0)), uses=st.integers(1, 3))
    def plug(self, name, wants_a, uses):
        self.world.plug(name, wants_a, uses)

    @rule(
        name=names,
        steps=st.lists(st.tuples(st.integers(0, 600), st.sampled_from((0.0, 6.0, 16.0, 32.0))), max_size=3),
    )
    def plan(self, name, steps):
        self.world.plan(name, sorted(steps))

    @rule(name=names)
    def unplug(self, name):
        self.world.unplug(name)

    @rule(name=names)
    def disconnect(self, name):
        self.world.disconnect(name)

    @rule(name=names)
    def connect(self, name):
        self.world.connect(name)

    @rule(name=names, forgets=st.booleans(), takes_s=st.integers(5, 90))
    def reboot(self, name, forgets, takes_s):
        self.world.reboot(name, forgets, takes_s)

    @rule(remembers=st.booleans())
    def controller_restarts(self, remembers):
        self.world.restart_controller(remembers)

    @rule(
        lost=st.sampled_from((0.0, 0.0, 0.1, 0.5)),
        delay_s=st.sampled_from((0, 3, 20)),
        twice=st.sampled_from((0.0, 0.3)),
        very_late=st.sampled_from((0.0, 0.2)),
    )
    def network_changes(self, lost, delay_s, twice, very_late):
        self.world.network = Network(lost, delay_s, twice, very_late)


TestSiteInMisery = SiteInMisery.TestCase
TestSiteInMisery.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
