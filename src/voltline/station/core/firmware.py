"""Plain firmware updates: fetch, wait for the drivers, install, reboot, tell (OCPP 1.6, 4.5 and 5.19).

Signed updates are of the security whitepaper and not served here.
"""

from datetime import datetime
from enum import Enum

import msgspec

from voltline.messages import (
    UNSET,
    FirmwareStatus,
    FirmwareStatusNotification,
    SignedFirmwareStatus,
    SignedFirmwareStatusNotification,
    UpdateFirmware,
)
from voltline.station.core.availability import Availability
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connectors
from voltline.station.core.happenings import InstallationEnded, TransferEnded, TransferResult
from voltline.station.core.intents import Install, Matter
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.registration import Registration
from voltline.station.core.restart import Restart
from voltline.station.core.status_feed import StatusFeed
from voltline.station.core.timers import Timer
from voltline.station.core.transfers import OWN_RETRIES, OWN_RETRY_INTERVAL_S, Transfers, without_password

RECORD = "firmware"
SUBJECT = "firmware"
LONGEST_VERSION = 50


class Stage(Enum):
    """How far an update is."""

    SCHEDULED = "scheduled"
    """Not to be fetched before its time."""
    DOWNLOADING = "downloading"
    """Being fetched, or waiting for the next attempt."""
    DOWNLOADED = "downloaded"
    """Waiting for the running transactions to end."""
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    """Installed, and to be told so when the new firmware has come up (errata 3.47)."""


SHOWN = {
    Stage.SCHEDULED: FirmwareStatus.IDLE,
    Stage.DOWNLOADING: FirmwareStatus.DOWNLOADING,
    Stage.DOWNLOADED: FirmwareStatus.DOWNLOADED,
    Stage.INSTALLING: FirmwareStatus.INSTALLING,
    Stage.REBOOTING: FirmwareStatus.INSTALLING,
}
"""What a trigger brings to light of each stage."""

FINAL = frozenset({Stage.INSTALLING, Stage.REBOOTING})
"""The stages that cannot be broken off."""


class Update(msgspec.Struct):
    """One update that was ordered. `tries` counts the attempts to fetch it that have begun."""

    location: str
    retrieve_at: datetime
    retries: int
    retry_interval_s: float
    stage: Stage = Stage.SCHEDULED
    tries: int = 0


class _Record(msgspec.Struct):
    update: Update | None = None
    following: Update | None = None
    version: str | None = None
    installed_over: str | None = None
    untold: list[FirmwareStatusNotification] = []


class FirmwareUpdates:
    """At most one update at a time; a newer order replaces one that is not being installed yet."""

    __slots__ = (
        "_availability",
        "_bench",
        "_connectors",
        "_feed",
        "_following",
        "_outbox",
        "_restart",
        "_transfer",
        "_transfers",
        "_update",
    )

    def __init__(
        self,
        bench: Bench,
        outbox: Outbox,
        registration: Registration,
        transfers: Transfers,
        connectors: Connectors,
        availability: Availability,
        restart: Restart,
    ) -> None:
        self._bench = bench
        self._outbox = outbox
        self._transfers = transfers
        self._connectors = connectors
        self._availability = availability
        self._restart = restart
        self._transfer = 0
        record = bench.memory.recall(RECORD, _Record) or _Record()
        self._update = record.update
        self._following = record.following
        self._feed: StatusFeed[FirmwareStatusNotification] = StatusFeed(outbox, registration, self._keep)
        self._feed.recall(record.untold)
        if record.installed_over == self._delivered_version:
            # Somebody who gives the station another firmware by hand overrules an update.
            bench.firmware_version = record.version

    @property
    def stage(self) -> Stage | None:
        """Of the update under way, None while there is none."""
        return None if self._update is None else self._update.stage

    @property
    def installing(self) -> bool:
        """Whether the station must not be disturbed."""
        return self.stage is Stage.INSTALLING

    @property
    def keeps_closed(self) -> bool:
        """Whether nothing more may begin at any connector until it is installed."""
        return self.stage in (Stage.DOWNLOADED, Stage.INSTALLING)

    # ---- orders

    def order(self, request: UpdateFirmware) -> None:
        """Take the order; its answer has no field in which it could be refused (OCPP 1.6, 6.56)."""
        update = Update(
            location=request.location,
            retrieve_at=request.retrieve_date,
            retries=OWN_RETRIES if request.retries is UNSET else max(0, request.retries),
            retry_interval_s=(
                OWN_RETRY_INTERVAL_S
                if request.retry_interval is UNSET
                else float(max(0, request.retry_interval))
            ),
        )
        where = without_password(update.location)
        if self.stage in FINAL:
            self._following = update
            self._keep()
            self._bench.tell(Matter.FILES, f"firmware: {where} follows when the present one is installed")
            return
        if self._update is not None:
            self._bench.tell(Matter.FILES, f"firmware: {where} takes the place of an earlier order")
            self._break_off()
        self._update = update
        self._keep()
        if update.retrieve_at > self._bench.timestamp:
            self._bench.tell(
                Matter.FILES, f"firmware: to be fetched from {update.retrieve_at:%Y-%m-%d %H:%M:%SZ}"
            )

    def _break_off(self) -> None:
        self._transfers.cancel(self._transfer)
        self._bench.timers.cancel(Timer.FIRMWARE)
        if self.stage is Stage.DOWNLOADED:
            self._availability.reopen()

    # ---- its way

    def step(self) -> None:
        """Do what has become possible: begin at the time, install when nobody charges any more."""
        update = self._update
        if update is None or self._restart.pending:
            return
        if update.stage is Stage.SCHEDULED:
            # Looked at by the clock, because the central system may set the clock meanwhile.
            wait_s = (update.retrieve_at - self._bench.timestamp).total_seconds()
            if wait_s <= 0:
                self._enter(Stage.DOWNLOADING)
                self._download(resume=False)
            else:
                self._bench.wait(Timer.FIRMWARE, wait_s)
        elif update.stage is Stage.DOWNLOADED and not self._someone_charges:
            self._enter(Stage.INSTALLING)
            self._bench.intend(Install())

    @property
    def _someone_charges(self) -> bool:
        return any(connector.transaction is not None for connector in self._connectors.outlets)

    def timer_passed(self) -> None:
        """The wait before the next attempt is over; that before the first one is looked at in `step`."""
        if self.stage is Stage.DOWNLOADING:
            self._download(resume=True)

    def _download(self, *, resume: bool) -> None:
        assert self._update is not None
        self._update.tries += 1
        self._keep()
        self._transfer = self._transfers.download(
            self._update.location, resume=resume, subject=SUBJECT, ended=self._download_ended
        )

    def _download_ended(self, ended: TransferEnded) -> None:
        update = self._update
        assert update is not None
        if ended.result is TransferResult.DONE:
            self._enter(Stage.DOWNLOADED)
            self._availability.close_for_service()
            if self._someone_charges:
                self._bench.tell(Matter.FILES, "firmware: fetched, waiting for the transactions to end")
            return
        problem = f"firmware: not fetched, {ended.result.value}: {ended.text}".rstrip(": ")
        if update.tries <= update.retries and ended.result is not TransferResult.NOT_SUPPORTED:
            wait_s = update.retry_interval_s
            self._bench.wait(Timer.FIRMWARE, wait_s)
            self._bench.tell(Matter.FILES, f"{problem}; attempt {update.tries + 1} follows in {wait_s:g} s")
            return
        self._bench.tell(Matter.FILES, problem)
        self._over(FirmwareStatus.DOWNLOAD_FAILED)

    def installation_ended(self, ended: InstallationEnded) -> None:
        """The image was refused, or waits for the reboot; one that nobody waits for is ignored."""
        if self.stage is not Stage.INSTALLING:
            return
        assert self._update is not None
        if ended.problem:
            self._bench.tell(Matter.FILES, f"firmware: not installed: {ended.problem}")
            self._availability.reopen()
            self._over(FirmwareStatus.INSTALLATION_FAILED)
            return
        self._bench.firmware_version = ended.firmware_version[:LONGEST_VERSION]
        self._bench.tell(Matter.FILES, f"firmware: {ended.firmware_version} is installed, rebooting")
        self._bench.tell(Matter.SECURITY, f"FirmwareUpdated {ended.firmware_version}")
        self._update.stage = Stage.REBOOTING
        self._keep()
        self._restart.reset(hard=False)

    def powered_up(self) -> None:
        """Go on where the reboot, or the loss of power, came between. Before drivers are served again."""
        for connector in self._connectors.outlets:
            connector.in_service_work = self.keeps_closed
        match self.stage:
            case Stage.DOWNLOADING:
                assert self._update is not None
                self._update.tries -= 1  # the attempt failed by no fault of the server
                self._download(resume=True)
            case Stage.INSTALLING:
                self._bench.intend(Install())
            case Stage.REBOOTING:
                self._over(FirmwareStatus.INSTALLED)

    def came_online(self) -> None:
        """Tell what could not be told."""
        self._feed.go_on()

    def _enter(self, stage: Stage) -> None:
        assert self._update is not None
        self._update.stage = stage
        self._tell(SHOWN[stage])

    def _over(self, status: FirmwareStatus) -> None:
        self._update, self._following = self._following, None
        self._tell(status)

    # ---- telling and keeping

    def _tell(self, status: FirmwareStatus) -> None:
        self._feed.tell(FirmwareStatusNotification(status=status))
        self._keep()

    def trigger(self) -> None:
        """Tell how far it is, Idle if nothing goes on (OCPP 1.6, 4.5 and 5.17)."""
        stage = self.stage
        status = FirmwareStatus.IDLE if stage is None else SHOWN[stage]
        self._outbox.post(FirmwareStatusNotification(status=status), leave=Leave.TRIGGERED)

    def trigger_signed(self) -> bool:
        """Tell that no signed update goes on; False while a plain one does (security whitepaper, 6.14)."""
        if self.stage not in (None, Stage.SCHEDULED):
            return False
        idle = SignedFirmwareStatusNotification(status=SignedFirmwareStatus.IDLE)
        self._outbox.post(idle, leave=Leave.TRIGGERED)
        return True

    @property
    def _delivered_version(self) -> str | None:
        version = self._bench.hardware.boot.firmware_version
        return None if version is UNSET else version

    def _keep(self) -> None:
        version = self._bench.firmware_version
        untold = self._feed.untold
        nothing = self._update is None and self._following is None and version is None and not untold
        record = _Record(self._update, self._following, version, self._delivered_version, untold)
        self._bench.memory.keep(RECORD, None if nothing else record)
