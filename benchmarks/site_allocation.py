"""Milliseconds to share a site out between 1,000 connectors.

Four boards of ten groups of 25 connectors behind one grid connection: 45 fuses of three phases. Every car
wants another current, one in ten is in a hurry, and there is enough for about half of what is wanted.

    .venv/bin/python benchmarks/site_allocation.py

`allocate` is the decision alone; `step` is all that the controller does when every connector is looked at,
with what each may draw, who has whose turn, and the leases that follow.
"""

from __future__ import annotations

import argparse
import statistics
import time
from random import Random

from voltline.smart_charging.site.allocation import Ask, allocate
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import (
    Began,
    Lease,
    LeaseAnswered,
    Need,
    Online,
    SafeAnswered,
    SafeDefault,
)
from voltline.smart_charging.site.tree import Connector, Fuse, Rotation, Site, Wiring

GOAL_MS = 50.0
START = 1_800_000_000.0
_ROTATIONS = (Rotation.RST, Rotation.STR, Rotation.TRS)


def a_site(connectors: int) -> Site:
    """Boards of groups of 25 connectors, behind half of what they all could draw."""
    groups = max(1, connectors // 25)
    fuses = [Fuse(name="grid", rating_a=connectors * 8.0)]
    fuses += [Fuse(name=f"board {board}", rating_a=connectors * 2.5, above="grid") for board in range(4)]
    fuses += [Fuse(name=f"group {one}", rating_a=300.0, above=f"board {one % 4}") for one in range(groups)]
    return Site(
        name="large",
        fuses=tuple(fuses),
        connectors=tuple(
            Connector(id=f"CP{number}", fuse=f"group {number % groups}", rotation=_ROTATIONS[number % 3])
            for number in range(connectors)
        ),
        safe_part=0.0,
    )


def asks_of(site: Site, chance: Random) -> tuple[list[Ask], list[float]]:
    """What all want, and what the lines have."""
    wiring = Wiring(site)
    asks = [
        Ask(
            wiring.lines_used(number, chance.choice((1, 3, 3))),
            0.0,
            6.0,
            chance.uniform(7, 32),
            chance.uniform(5, 12) if chance.random() < 0.1 else 0.0,
            chance.choice((0, 0, 0, 1)),
        )
        for number in range(len(site.connectors))
    ]
    return asks, [fuse.rating_a for fuse in site.fuses for _ in range(3)]


def steps(site: Site, rounds: int) -> list[float]:
    """Seconds for each of the controller's steps while all connectors charge."""
    controller, now = SiteController(site, START), START
    for number, one in enumerate(site.connectors):
        controller.handle(Online(one.id), now)
        need = Need(energy_wh=20_000 + 10 * number, departure=now + 20_000 + 7 * number)
        controller.handle(Began(one.id, number + 1, need), now)
    taken: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        acts = controller.step(now)
        taken.append(time.perf_counter() - begun)
        for act in acts:
            if isinstance(act, Lease):
                controller.handle(LeaseAnswered(act.number, True), now + 1)
            elif isinstance(act, SafeDefault):
                controller.handle(SafeAnswered(act.number, True), now + 1)
        now += 60
    return taken


def main() -> None:
    """Print the figures; exit with 1 where the decision takes longer than it may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connectors", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    site, chance = a_site(arguments.connectors), Random(1)
    taken: list[float] = []
    for _ in range(arguments.rounds):
        asks, room = asks_of(site, chance)
        begun = time.perf_counter()
        allocate(asks, room)
        taken.append(time.perf_counter() - begun)
    median = statistics.median(taken) * 1000
    print(f"{arguments.connectors} connectors, {len(site.fuses)} fuses, {arguments.rounds} rounds")
    print(f"allocate  median {median:6.1f} ms  worst {max(taken) * 1000:6.1f} ms  (goal {GOAL_MS:g} ms)")
    whole = steps(site, 12)
    print(f"step      median {statistics.median(whole) * 1000:6.1f} ms  worst {max(whole) * 1000:6.1f} ms")
    raise SystemExit(median > GOAL_MS)


if __name__ == "__main__":
    main()
