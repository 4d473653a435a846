"""Whatever comes between, a firmware update keeps its order and takes nobody's charge away."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.station.station_lab import TAG, Lab

from voltline.messages import FirmwareStatusNotification, Reset, ResetType, UpdateFirmware
from voltline.station.core.firmware import FINAL, Stage
from voltline.station.core.happenings import (
    InstallationEnded,
    PoweredUp,
    TransferEnded,
    TransferProgressed,
    TransferResult,
)
from voltline.station.core.intents import CancelTransfer, Download, Install, Intent, Reboot

FOLLOWS = {
    None: {"Downloading"},
    "Downloading": {"Downloaded", "DownloadFailed"},
    "Downloaded": {"Installing", "Downloading"},
    "Installing": {"Installed", "InstallationFailed"},
    "Installed": {"Downloading"},
    "InstallationFailed": {"Downloading"},
    "DownloadFailed": {"Downloading"},
}
"""What may be told after what; the same again too, when a link was lost before its answer or an order came
in place of another."""


class FirmwareWalk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab().boot()
        self.downloads: list[int] = []
        self.linked = True
        self.installs = 0
        self._look()

    def _look(self) -> None:
        """Do what the device would do about the intents since the last look."""
        intents: list[Intent] = list(self.lab.intents)
        self.lab.intents.clear()
        rebooted = False
        for intent in intents:
            if isinstance(intent, Download):
                self.downloads.append(intent.number)
            elif isinstance(intent, CancelTransfer):
                self.downloads.remove(intent.number)
            elif isinstance(intent, Install):
                self.installs += 1
            elif isinstance(intent, Reboot):
                self.downloads.clear()
                self.installs = 0
                rebooted = True
        if rebooted:
            self.lab.disconnect()
            self.linked = False
            self.lab.do(PoweredUp())
            self._look()

    @rule(in_s=st.sampled_from([-10, 0, 50]), retries=st.integers(0, 2))
    def order(self, in_s: int, retries: int) -> None:
        if not self.linked:
            return
        at = self.lab.moment.utc + timedelta(seconds=in_s)
        where = "ftp://files.example/fw.bin"
        self.lab.ask(UpdateFirmware(location=where, retrieve_date=at, retries=retries, retry_interval=20))
        self._look()

    @precondition(lambda self: self.downloads)
    @rule(result=st.sampled_from(TransferResult), part=st.integers(0, 100))
    def download_ends(self, result: TransferResult, part: int) -> None:
        number = self.downloads.pop(0)
        self.lab.do(TransferProgressed(number, part, 100))
        self.lab.do(TransferEnded(number, result))
        self._look()

    @precondition(lambda self: self.installs)
    @rule(problem=st.sampled_from(["", "broken"]))
    def installation_ends(self, problem: str) -> None:
        self.installs = 0
        self.lab.do(InstallationEnded("" if problem else "2.0", problem))
        self._look()

    @rule(connector_id=st.sampled_from([1, 2]))
    def driver_comes_or_goes(self, connector_id: int) -> None:
        connector = self.lab.core.connectors.outlet(connector_id)
        if connector.transaction is not None:
            self.lab.tag(connector.transaction.id_tag, connector_id)
            self.lab.unplug(connector_id)
        elif connector.vehicle:
            self.lab.unplug(connector_id)
        else:
            self.lab.plug(connector_id)
            self.lab.tag(TAG if connector_id == 1 else "99", connector_id)
        self._look()

    @rule()
    def link_goes_or_comes(self) -> None:
        if self.linked:
            self.lab.disconnect()
        else:
            self.lab.connect()
        self.linked = not self.linked
        self._look()

    @rule()
    def power_is_lost(self) -> None:
        self.downloads.clear()
        self.installs = 0
        self.linked = False
        self.lab.lose_power(outage_s=5)
        self._look()

    @rule(kind=st.sampled_from(ResetType))
    def reset(self, kind: ResetType) -> None:
        if self.linked:
            self.lab.ask(Reset(type=kind))
            self._look()

    @rule(seconds=st.sampled_from([1, 20, 60]))
    def time_passes(self, seconds: int) -> None:
        self.lab.run(seconds)
        self._look()

    @invariant()
    def statuses_are_told_in_an_order_that_makes_sense(self) -> None:
        before: str | None = None
        for one in self.lab.requests(FirmwareStatusNotification):
            status = str(one.status)
            assert status == before or status in FOLLOWS[before], f"{status} after {before}"
            before = status

    @invariant()
    def one_download_at_most_is_under_way(self) -> None:
        assert len(self.downloads) <= 1
        assert [one.number for one in self.lab.core.transfers.under_way] == self.downloads

    @invariant()
    def nobody_charges_while_firmware_is_written(self) -> None:
        if self.lab.core.firmware.stage in FINAL:
            assert all(one.transaction is None for one in self.lab.core.connectors.outlets)

    @invariant()
    def connectors_are_closed_for_an_installation_and_for_nothing_else(self) -> None:
        stage = self.lab.core.firmware.stage
        closed = {one.in_service_work for one in self.lab.core.connectors.outlets}
        if stage in (Stage.DOWNLOADED, Stage.INSTALLING):
            assert closed == {True}
        elif stage is not Stage.REBOOTING:
            assert closed == {False}
            assert not any(one.shown == "Unavailable" for one in self.lab.core.connectors.outlets)

    def teardown(self) -> None:
        """Left alone on a good link, every update ends, and all of it is told."""
        if not self.linked:
            self.link_goes_or_comes()
        for connector_id in (1, 2):
            if self.lab.core.connectors.outlet(connector_id).vehicle:
                self.driver_comes_or_goes(connector_id)
        for _ in range(20):
            self.time_passes(60)
            if self.downloads:
                self.download_ends(TransferResult.DONE, 1)
            if self.installs:
                self.installation_ends("")
            if not self.linked:
                self.link_goes_or_comes()
            if self.lab.core.firmware.stage is None:
                break
        assert self.lab.core.firmware.stage is None
        told = self.lab.requests(FirmwareStatusNotification)
        assert not told or told[-1].status in ("Installed", "InstallationFailed", "DownloadFailed")
        assert {one.shown for one in self.lab.core.connectors.outlets} <= {"Available", "Preparing"}


TestFirmwareWalk = FirmwareWalk.TestCase
TestFirmwareWalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
