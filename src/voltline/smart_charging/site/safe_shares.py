"""The fail-safe share of each connector: what it may draw when nobody tells it anything."""

from __future__ import annotations

from collections.abc import Sequence

from voltline.smart_charging.site.tree import InvalidSite, Wiring


def safe_shares(wiring: Wiring, certain_a: Sequence[float]) -> list[float]:
    """A share for each connector, in ampere per phase: nothing, or enough to charge.

    Those that the site names; then, as far as `safe_part` of what each line has for certain goes, the least
    current that charges, the higher priorities first.

    Raises:
        InvalidSite: the shares that the site names are more than a line has.
    """
    site = wiring.site
    room = list(certain_a)
    shares = [0.0] * len(site.connectors)
    for number, one in enumerate(site.connectors):
        if one.safe_a is not None:
            shares[number] = one.safe_a
            for line in wiring.lines_used(number, one.phases):
                room[line] -= one.safe_a
    short = [line for line, left in enumerate(room) if left < -1e-6]
    if short:
        raise InvalidSite(
            [
                (
                    "connectors",
                    f"the fail-safe shares named are {-room[line]:g} A more than {wiring.label(line)} has "
                    "for certain; name less, or leave them out",
                )
                for line in short
            ]
        )
    part = [min(left, certain * site.safe_part) for left, certain in zip(room, certain_a, strict=True)]
    order = sorted(range(len(shares)), key=lambda number: -site.connectors[number].priority)
    for number in order:
        one = site.connectors[number]
        if one.safe_a is not None or not one.trusted or one.least_a <= 0:
            continue
        lines = wiring.lines_used(number, one.phases)
        if all(part[line] >= one.least_a for line in lines):
            shares[number] = one.least_a
            for line in lines:
                part[line] -= one.least_a
    return shares
