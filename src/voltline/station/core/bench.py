"""The workbench that the parts of the core share: the moment, the deadlines, and the list of intents."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from voltline.messages import BootNotification
from voltline.station.core.configuration import Configuration
from voltline.station.core.hardware import Hardware, Meter
from voltline.station.core.intents import Intent, Matter, Notice
from voltline.station.core.memory import Memory
from voltline.station.core.moment import Moment
from voltline.station.core.timers import Timer, Timers

CLOCK_TOLERANCE = timedelta(seconds=1)
"""A smaller difference is the journey of the answer; following it would let time jitter."""

CLOCK = "clock-offset"


class Bench:
    """State without rules: every part reads the moment here and lays its intents here."""

    __slots__ = (
        "_clock_offset",
        "_intents",
        "configuration",
        "firmware_version",
        "hardware",
        "memory",
        "meter",
        "now",
        "timers",
    )

    def __init__(
        self, hardware: Hardware, meter: Meter, now: Moment, survived: Mapping[str, bytes] | None = None
    ) -> None:
        self.hardware = hardware
        self.firmware_version: str | None = None
        """What an update installed; None while the station runs what it was delivered with."""
        self.meter = meter
        self.timers = Timers()
        self.now = now
        self._intents: list[Intent] = []
        self.memory = Memory(self.intend, survived)
        self.configuration = Configuration(hardware, self.memory)
        self._clock_offset = timedelta(seconds=self.memory.recall(CLOCK, float) or 0.0)

    @property
    def clock(self) -> datetime:
        """The time of day to the microsecond, for waiting until a time of day."""
        return self.now.utc + self._clock_offset

    @property
    def timestamp(self) -> datetime:
        """The time of day in whole seconds, by a clock that follows the central system's."""
        return (self.now.utc + self._clock_offset).replace(microsecond=0)

    def by_own_clock(self, utc: datetime) -> datetime:
        """What the station's own clock shows at a moment of the machine's."""
        return utc + self._clock_offset

    @property
    def boot_notification(self) -> BootNotification:
        """What the station says of itself, with the firmware that it runs now."""
        if self.firmware_version is None:
            return self.hardware.boot
        return replace(self.hardware.boot, firmware_version=self.firmware_version)

    def set_clock(self, current_time: datetime) -> None:
        """Follow the central system's clock (OCPP 1.6, 4.2 and 4.6)."""
        if not self.hardware.follows_clock:
            return
        offset = current_time - self.now.utc
        if abs(offset - self._clock_offset) > CLOCK_TOLERANCE:
            self._clock_offset = offset
            self.memory.keep(CLOCK, offset.total_seconds())

    def intend(self, intent: Intent) -> None:
        """Lay down one thing to do."""
        self._intents.append(intent)

    def tell(self, matter: Matter, text: str, connector_id: int = 0) -> None:
        """Lay down a notice for the people at the station."""
        self._intents.append(Notice(matter, text, connector_id))

    def take_intents(self) -> list[Intent]:
        """Hand over what has been laid down, in order."""
        intents, self._intents = self._intents, []
        return intents

    def wait(self, timer: Timer, seconds: float, connector_id: int = 0) -> None:
        """Set a deadline so many seconds from now."""
        self.timers.start(timer, self.now.monotonic + seconds, connector_id)
