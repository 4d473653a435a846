"""How a site stands at a moment, for the history, the metrics and who looks."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.sites import FusePoint, SitePoint
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.tree import GRID_PHASES


def site_point(controller: SiteController, now: float, at: datetime) -> SitePoint:
    """What each fuse has, and what is allocated, possible and measured; `at` is `now` by the wall's clock."""
    wiring = controller.wiring
    allocated, measured = [0.0] * wiring.lines, [0.0] * wiring.lines
    for place, view in enumerate(controller.view(now)):
        for phase, through in enumerate(wiring.phase_lines(place)):
            for line in through:
                if view.transaction is not None:
                    allocated[line] += view.target_a
                if phase < len(view.measured_a):
                    measured[line] += view.measured_a[phase]
    capacity, possible = controller.capacities(now), controller.possible(now)

    def of(fuse: int, amounts: list[float]) -> tuple[float, ...]:
        return tuple(round(one, 2) for one in amounts[fuse * GRID_PHASES : (fuse + 1) * GRID_PHASES])

    return SitePoint(
        at=at,
        fuses=tuple(
            FusePoint(
                fuse=fuse.name,
                rating_a=fuse.rating_a,
                capacity_a=of(number, capacity),
                allocated_a=of(number, allocated),
                possible_a=of(number, possible),
                measured_a=of(number, measured),
            )
            for number, fuse in enumerate(wiring.site.fuses)
        ),
    )
