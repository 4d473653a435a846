"""The meters of a simulated station whose process may end: what they have told they never take back."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from voltline.station.core.hardware import Measured
from voltline.station.core.moment import Moment
from voltline.station.device.storage import Storage
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.meter import MEASURANDS

RECORD = "meter"

Counts = tuple[float, float, float, float]
"""Active import and export in Wh, reactive import and export in varh."""


class LastingMeter:
    """Keeps the registers of all connectors whenever one is read and has risen since."""

    def __init__(self, device: SimulatedDevice, connectors: int, storage: Storage) -> None:
        """Turn the registers to where they were when they were last read.

        Raises:
            OSError: the storage cannot be read.
        """
        self._device = device
        self._connectors = range(1, connectors + 1)
        self._storage = storage
        try:
            kept = msgspec.json.decode(storage.load().get(RECORD, b"{}"), type=dict[int, Counts])
        except (msgspec.DecodeError, UnicodeDecodeError):
            kept = {}  # a meter that was never read: its registers stand where they stand
        for connector_id in self._connectors:
            if connector_id in kept:
                registers = device.outlet(connector_id).registers
                registers.import_wh, registers.export_wh, registers.import_varh, registers.export_varh = kept[
                    connector_id
                ]
        self._kept = self._counts()

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        """The import register in whole watt hours."""
        energy_wh = self._device.energy_wh(connector_id, now)
        self._keep()
        return energy_wh

    def measured(
        self, connector_id: int, now: Moment, wanted: AbstractSet[str] = MEASURANDS
    ) -> Sequence[Measured]:
        """What the meter of the connector tells."""
        values = self._device.measured(connector_id, now, wanted)
        self._keep()
        return values

    def _keep(self) -> None:
        counts = self._counts()
        if counts != self._kept:
            self._kept = counts
            self._storage.keep(RECORD, msgspec.json.encode(counts))

    def _counts(self) -> dict[int, Counts]:
        return {one: self._device.outlet(one).registers.values() for one in self._connectors}
