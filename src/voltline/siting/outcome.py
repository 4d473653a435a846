"""What came of sharing a site out in one way or another, in figures."""

from __future__ import annotations

from time import perf_counter

import msgspec

from voltline.siting.drivers import Visit
from voltline.siting.files import SiteFile
from voltline.siting.live import Live, Plans
from voltline.siting.policies import EqualShare, FirstComeFirstServed, Uncontrolled
from voltline.siting.simulation import Steering, World
from voltline.smart_charging.site.facts import Finding
from voltline.smart_charging.site.history import History

MET_PART = 0.98
"""Who has so much of what was wanted leaves content."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    name: str
    cars: int
    wanted_kwh: float
    delivered_kwh: float
    met: int
    """Cars that had what they wanted when they left."""
    least_part: float
    """What the tenth of the cars that fared worst had of what they wanted, at most."""
    over_s: float
    """Seconds in which some line carried more than it has."""
    longest_over_s: float
    worst: float
    """The greatest load of a line, as a part of what it has."""
    changes: int
    cost: float | None
    took_s: float
    history: History
    findings: tuple[Finding, ...] = ()
    rotations: int = 0
    """How often a car was made to wait for its turn."""


def outcome(name: str, file: SiteFile, days: int, seed: int, steering: Steering) -> Outcome:
    """Run it."""
    begun = perf_counter()
    world = World(file, days, seed, steering)
    history = world.run()
    # Who charges with the sun only is content with what it gives.
    judged = [one for one in world.delivered if not one[0].solar_only]
    parts = sorted(_part(visit, energy_wh) for visit, energy_wh in judged)
    return Outcome(
        name=name,
        cars=len(parts),
        wanted_kwh=sum(visit.wants_wh for visit, _ in world.delivered) / 1000,
        delivered_kwh=sum(energy_wh for _, energy_wh in world.delivered) / 1000,
        met=sum(part >= MET_PART for part in parts),
        least_part=parts[len(parts) // 10] if parts else 1.0,
        over_s=world.over_s,
        longest_over_s=world.longest_over_s,
        worst=world.worst,
        changes=steering.changes(),
        cost=world.cost if file.prices else None,
        took_s=perf_counter() - begun,
        history=history,
        findings=tuple(steering.findings) if isinstance(steering, Live) else (),
        rotations=steering.rotations if isinstance(steering, Live) else 0,
    )


def outcomes(file: SiteFile, days: int, seed: int, plans: Plans | None = None) -> list[Outcome]:
    """Voltline's own way, with a plan too if there is one, and the simple ways."""
    ways: list[tuple[str, Steering]] = [("voltline", Live(seed))]
    if plans is not None:
        ways.append(("voltline, planned", Live(seed, plans)))
    ways += [
        ("equal share", EqualShare()),
        ("first come, first served", FirstComeFirstServed()),
        ("uncontrolled", Uncontrolled()),
    ]
    return [outcome(name, file, days, seed, steering) for name, steering in ways]


def _part(visit: Visit, energy_wh: float) -> float:
    return 1.0 if visit.wants_wh <= 0 else min(1.0, energy_wh / visit.wants_wh)
