"""What a schedule allows, in its own unit and as it is for a connector (OCPP 1.6, 7.12 and 7.14)."""

from __future__ import annotations

from typing import NamedTuple

from voltline.messages import ChargingRateUnit

LINE_VOLTAGE_V = 230.0
"""Nominal, between a phase and neutral; not what is measured (S 7.12)."""
PHASES = 3
"""Where a period does not say how many (S 7.14)."""


class Limit(NamedTuple):
    """What may be drawn: ampere a phase, or watt in all."""

    value: float
    unit: ChargingRateUnit
    phases: int

    def in_unit(self, unit: ChargingRateUnit, voltage_v: float = LINE_VOLTAGE_V) -> float:
        """The same in another unit (S 7.12)."""
        if unit == self.unit:
            return self.value
        volts = voltage_v * max(self.phases, 1)
        return self.value * volts if self.unit == ChargingRateUnit.A else self.value / volts


class Supply(NamedTuple):
    """How a connector is fed. Direct current is taken from the grid on three phases."""

    phases: int = PHASES
    voltage_v: float = LINE_VOLTAGE_V
    switches: bool = False
    """Whether it can change from three phases to one during a transaction (S 9.4.4)."""

    def phases_under(self, limit: Limit | None) -> int:
        """On how many phases a transaction may draw that is limited so.

        More than the connector has are not used, and the limit stays as it is given (errata 3.34). Fewer are
        used where the connector can switch from three to one; elsewhere all of them stay in use.
        """
        return 1 if self.switches and limit is not None and limit.phases == 1 else self.phases

    def current_a(self, phases: int, *limits: Limit | None) -> float | None:
        """The least of the limits for a draw on so many phases, in ampere a phase; None: no limit.

        Watts are the total of the phases in use, so they are divided by those and by no other number.
        """
        least_a: float | None = None
        for one in limits:  # a loop, for a schedule asks this for each of its periods
            if one is not None:
                value, unit, _ = one
                amperes = value if unit is ChargingRateUnit.A else value / (self.voltage_v * phases)
                if least_a is None or amperes < least_a:
                    least_a = amperes
        return least_a
