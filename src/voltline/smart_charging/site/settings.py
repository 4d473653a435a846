"""How a site is shared out."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds, currents in ampere."""

    lease_s: float = 240.0
    """How long a current above the fail-safe share is lent. Renewed when half of it is over."""
    margin_s: float = 30.0
    """By which a charge point's clock may be wrong, with the time that a current takes to follow."""
    answer_s: float = 35.0
    """A lease that is not answered by then counts as lost, and may hold all the same."""
    grace_s: float = 30.0
    """After a new limit, a connector that draws more is not called disobedient for so long."""
    tolerance_a: float = 1.0
    """By which a meter may be wrong."""
    noise_a: float = 0.5
    """By which a building's meter may waver before that counts as too much, out of the margin of its fuse."""
    fresh_s: float = 90.0
    """How long a measured value of a connector or a building counts."""
    change_s: float = 30.0
    """A connector is given another current at most so often, unless safety needs it."""
    deadband_a: float = 0.5
    """Smaller changes are not worth a message."""
    period_s: float = 5.0
    """At most so often is shared out anew, unless safety needs it."""
    again_s: float = 60.0
    """At least so often is shared out anew while a car is there: time alone changes turns and needs."""
    turn_s: float = 900.0
    """Where there is not enough for all to charge at once, they take turns of this length."""
    idle_s: float = 120.0
    """A car that takes nothing for so long comes after all others,"""
    probe_s: float = 1800.0
    """and is asked again after so long."""
    forgive_s: float = 1800.0
    """A connector that has disobeyed is believed again after so long of obedience."""
