"""Plans of the day for a simulated site: made at noon, of what drivers have said, until the next noon."""

from __future__ import annotations

from random import Random

from voltline.siting.drivers import DAY_S, Visit, visits
from voltline.siting.files import SiteFile
from voltline.siting.live import Plans
from voltline.siting.simulation import EPOCH
from voltline.smart_charging.site.ahead import EXTRA, SLOT_S, rooms
from voltline.smart_charging.site.history import local_time
from voltline.smart_charging.site.plan import Stay, day_plan
from voltline.smart_charging.site.tree import Wiring

_NOON_S = DAY_S / 2


def plans(file: SiteFile, days: int, seed: int) -> Plans:
    """For each visit of which the driver tells, what it may have from instants on (seconds since 1970)."""
    wiring = Wiring(file.site())
    coming = visits(
        file.drivers, len(wiring.site.connectors), days, file.first_weekday, Random(f"{seed} drivers")
    )
    found: dict[int, tuple[tuple[float, float], ...]] = {}
    for day in range(-1, days + 1):
        begin = day * DAY_S + _NOON_S
        told = [
            visit
            for visit in coming
            if visit.tells and not visit.solar_only and begin <= visit.arrives < begin + DAY_S
        ]
        if told:
            found.update(_plan(file, wiring, told, begin))
    return found


def _plan(
    file: SiteFile, wiring: Wiring, told: list[Visit], begin: float
) -> dict[int, tuple[tuple[float, float], ...]]:
    slots = int((max(visit.leaves for visit in told) - begin) // SLOT_S) + 1
    starts = [EPOCH + begin + slot * SLOT_S for slot in range(slots)]
    prices = [file.prices[local_time(wiring.zone, at).hour] for at in starts]
    made = day_plan([_stay(wiring, visit, begin) for visit in told], rooms(wiring, starts), prices, SLOT_S)
    return {
        visit.number: tuple(zip(starts, currents, strict=True))
        for visit, currents in zip(told, made.currents_a, strict=True)
    }


def _stay(wiring: Wiring, visit: Visit, begin: float) -> Stay:
    connector = wiring.site.connectors[visit.connector]
    phases = min(visit.model.phases, connector.phases)
    return Stay(
        arrives_s=visit.arrives - begin,
        leaves_s=visit.leaves - begin - SLOT_S,
        energy_wh=visit.wants_wh * EXTRA,
        least_a=connector.least_a,
        most_a=min(connector.hardware_a, visit.model.current_a),
        phases=phases,
        lines=wiring.lines_used(visit.connector, connector.phases),
    )
