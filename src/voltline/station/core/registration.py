"""Boot and heartbeat: whether the central system takes the station, and that it is still there.

OCPP 1.6, 4.2 and 4.6; what each answer forbids is the gate of the outbox.
"""

from collections.abc import Callable
from enum import Enum

from voltline.messages import (
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    RegistrationStatus,
)
from voltline.station.core.bench import Bench
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.intents import Matter
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.timers import Timer

OWN_WAIT_S = 30.0
"""Until the next BootNotification when the central system names no wait, or gave no answer."""

DAY_S = 24 * 3600.0
"""At least one heartbeat a day keeps the clock right (OCPP-J 1.6, 5.3)."""

RECORD = "accepted"


class Standing(Enum):
    """How the station stands with the central system."""

    OFF = "off"
    UNKNOWN = "not registered"
    PENDING = "pending"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


class Registration:
    """From power-up to acceptance, and the heartbeat after it."""

    def __init__(self, bench: Bench, outbox: Outbox, came_online: Callable[[bool], None]) -> None:
        self._bench = bench
        self._outbox = outbox
        self._came_online = came_online
        """Called with True after an acceptance, with False after a mere reconnection."""
        self._linked = False
        self._accepted_on_this_link = False
        self._booting = False
        self._last_heartbeat = bench.now.monotonic
        self.standing = self._resumed = Standing.OFF
        self.ever_accepted = bench.memory.recall(RECORD, bool) or False

    @property
    def linked(self) -> bool:
        """Whether the connection stands."""
        return self._linked

    @property
    def online(self) -> bool:
        """Whether the central system is within reach and takes the station's messages."""
        return self._linked and self.standing is Standing.ACCEPTED

    @property
    def silent(self) -> bool:
        """Whether not even an answer may be sent: Rejected, and the interval not over (OCPP 1.6, 4.2)."""
        return self.standing is Standing.REJECTED and self._bench.timers.is_running(Timer.BOOT)

    @property
    def boot_may_be_triggered(self) -> bool:
        """Not again on the connection on which it was accepted (errata 3.35)."""
        return not self._accepted_on_this_link

    def powered_up(self) -> None:
        """Begin anew: a boot has to be announced, whatever was accepted before."""
        self.standing = Standing.UNKNOWN
        self._accepted_on_this_link = False
        if self._linked:
            self.boot()

    def shut_down(self) -> None:
        """Say nothing more until the next power-up."""
        self._resumed = self.standing
        self.standing = Standing.OFF
        self._outbox.gate = Leave.NOTHING

    def resume(self) -> None:
        """The power-up that was to follow did not come: go on as before."""
        self.standing = self._resumed
        if self._linked:
            accepted_on_this_link = self._accepted_on_this_link
            self.link_up()
            self._accepted_on_this_link = accepted_on_this_link

    def link_up(self) -> None:
        """Announce the boot if that is still to be done; a mere reconnection needs none (OCPP-J 1.6, 5.4)."""
        self._linked = True
        self._accepted_on_this_link = False
        if self.standing is Standing.OFF:
            return
        if self.standing is Standing.ACCEPTED:
            self._outbox.gate = Leave.ANYTHING
            self.expect_heartbeat()
            self._came_online(False)
        elif self._bench.timers.is_running(Timer.BOOT):
            # The wait that the central system named outlives the connection.
            self._outbox.gate = Leave.NOTHING if self.silent else Leave.TRIGGERED
        else:
            self.boot()

    def link_down(self) -> None:
        """Nothing can be sent."""
        self._linked = False
        self._booting = False
        self._bench.timers.cancel(Timer.HEARTBEAT)

    def boot(self) -> None:
        """Send BootNotification, unless one is under way."""
        self._bench.timers.cancel(Timer.BOOT)
        if not self._linked or self._booting:
            return
        self._booting = True
        self._outbox.gate = max(self._outbox.gate, Leave.BOOT)
        self._outbox.post(
            self._bench.boot_notification,
            self._boot_answered,
            self._boot_failed,
            leave=Leave.BOOT,
            urgent=True,
        )

    def heartbeat_due(self) -> None:
        """Send a heartbeat if nothing was sent for an interval, or none for a day."""
        if not self.online:
            return
        now = self._bench.now.monotonic
        quiet_until = self._outbox.last_exchange + self._bench.configuration.number("HeartbeatInterval")
        if now < quiet_until and now < self._last_heartbeat + DAY_S:
            self.expect_heartbeat()
        else:
            self.heartbeat(Leave.ANYTHING)

    def heartbeat(self, leave: Leave) -> None:
        """Send a heartbeat now."""
        self._last_heartbeat = self._bench.now.monotonic
        self._outbox.post(Heartbeat(), self._heartbeat_answered, leave=leave, urgent=True)
        interval_s = self._bench.configuration.number("HeartbeatInterval")
        self._bench.wait(Timer.HEARTBEAT, min(interval_s, DAY_S))

    def expect_heartbeat(self) -> None:
        """Set the time of the next heartbeat by the interval as it is now."""
        interval_s = self._bench.configuration.number("HeartbeatInterval")
        at = min(self._outbox.last_exchange + interval_s, self._last_heartbeat + DAY_S)
        self._bench.timers.start(Timer.HEARTBEAT, max(at, self._bench.now.monotonic))

    def _heartbeat_answered(self, response: HeartbeatResponse) -> None:
        self._bench.set_clock(response.current_time)

    def _boot_answered(self, response: BootNotificationResponse) -> None:
        self._booting = False
        if self.standing is Standing.OFF:
            return
        self._bench.set_clock(response.current_time)
        if response.status == RegistrationStatus.ACCEPTED:
            self._accepted(response.interval)
            return
        self._accepted_on_this_link = False
        pending = response.status == RegistrationStatus.PENDING
        self.standing = Standing.PENDING if pending else Standing.REJECTED
        self._outbox.gate = Leave.TRIGGERED if pending else Leave.NOTHING
        wait_s = response.interval if response.interval > 0 else OWN_WAIT_S
        self._bench.wait(Timer.BOOT, wait_s)
        self._bench.tell(Matter.REGISTRATION, f"{response.status}, asking again in {wait_s:g} s")

    def _accepted(self, interval_s: int) -> None:
        if interval_s > 0:
            self._bench.configuration.set_heartbeat_interval(interval_s)
        self.standing = Standing.ACCEPTED
        if not self.ever_accepted:
            self.ever_accepted = True
            self._bench.memory.keep(RECORD, True)
        self._accepted_on_this_link = True
        self._last_heartbeat = self._bench.now.monotonic
        self._outbox.gate = Leave.ANYTHING
        self.expect_heartbeat()
        self._bench.tell(Matter.REGISTRATION, f"accepted, heartbeat after {interval_s} s of silence")
        self._came_online(True)

    def _boot_failed(self, failure: Failed) -> None:
        self._booting = False
        if failure.failure is Failure.LOST or self.standing is Standing.OFF:
            return
        if self.standing is not Standing.ACCEPTED:
            self._outbox.gate = Leave.TRIGGERED if self.standing is Standing.PENDING else Leave.NOTHING
            self._bench.wait(Timer.BOOT, OWN_WAIT_S)
        text = f"BootNotification failed ({failure.failure.value}: {failure.text})"
        self._bench.tell(Matter.REGISTRATION, text)
