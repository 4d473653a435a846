"""F01: firmware updates that failed, stalled or changed nothing."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import BootNotification, Firmware, UpdateFirmware
from voltline.messages.types import doc

_FAILED = frozenset({"DownloadFailed", "InstallationFailed", "InvalidSignature", "InstallVerificationFailed"})
_WAITING = frozenset({"DownloadScheduled", "DownloadPaused", "InstallScheduled"})
_NUMBER = re.compile(r"\d+")


class Settings(DetectorSettings, frozen=True):
    """How long an update may take."""

    within_s: Annotated[
        float, doc("From the date to fetch it to Installed, or to the new version.", unit="s")
    ] = 3600.0


class _Update(msgspec.Struct, gc=False):
    asked: Exchange
    from_at: datetime | None
    version: str
    installed: Exchange | None = None


class FirmwareUpdate(Detector):
    """An update that failed, did not finish, or left the version as it was."""

    id = "F01"
    title = "Firmware update failed"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.5", "OCPP 1.6, 5.19", "errata 3.47")
    who = Who.CHARGER_MAKER
    next_step = "Check that the charge point can reach the address and that the file is for this model."
    explanation = (
        "After UpdateFirmware the charge point reports how far it is, installs, and boots with another "
        "version. DownloadFailed is mostly the address or its credentials; InstallationFailed a wrong file. "
        "An update without Installed within an hour has stalled; one after which the version is the same, or "
        "lower, did not do what was asked. Boot and Installed may come in either order. Installing later, on "
        "a date that was given, is no stall."
    )
    events = (Call,)
    actions = frozenset(
        {
            "UpdateFirmware",
            "SignedUpdateFirmware",
            "FirmwareStatusNotification",
            "SignedFirmwareStatusNotification",
            "BootNotification",
            "Heartbeat",
        }
    )
    waits_with = "_update"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._update: _Update | None = None
        self._version = ""

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Follow the latest update."""
        assert isinstance(event, Call)
        exchange = event.exchange
        if not exchange.from_station:
            if exchange.request is not None:
                self._update = _Update(exchange, _fetched_from(exchange), self._version)
            return
        request = exchange.request
        if isinstance(request, BootNotification):
            yield from self._booted(exchange, request, facts)
        elif exchange.name != "Heartbeat":
            yield from self._reported(exchange, getattr(request, "status", None), facts)
        yield from self._stalled(facts)

    def gap(self, facts: Facts) -> None:
        """Its end may have been told there."""
        self._update = None

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """If the time is over by now."""
        yield from self._stalled(facts)

    def _reported(self, exchange: Exchange, status: object, facts: Facts) -> Iterator[Finding]:
        update = self._update
        if status in _FAILED:
            self._update = None
            records = (*(() if update is None else update.asked.records), exchange.call)
            yield self.finding(
                facts, f"The charge point reported {status}.", records, title=f"{self.title}: {status}"
            )
        elif update is None:
            return
        elif status == "Installed":
            update.installed = exchange
            if self._version != update.version:
                self._update = None  # it had booted before it reported
        elif status in _WAITING and facts.now is not None:
            update.from_at = max(update.from_at or facts.now, facts.now)

    def _booted(self, exchange: Exchange, boot: BootNotification, facts: Facts) -> Iterator[Finding]:
        version = boot.firmware_version if isinstance(boot.firmware_version, str) else ""
        before, update = self._version, self._update
        self._version = version
        if not version:
            return
        if before and _is_lower(version, before):
            yield self.finding(
                facts,
                f"The firmware was {before} and is {version} now.",
                (exchange.call,),
                title="Firmware version went back",
                next_step="Find out who installed the older firmware, and what it lacks.",
            )
        if update is None:
            return
        if update.installed is not None:
            self._update = None
            if before == version:
                yield self.finding(
                    facts,
                    f"Installed was reported, and after the reboot the firmware is {version} as before.",
                    (*update.asked.records, update.installed.call, exchange.call),
                    title="Firmware update changed nothing",
                    next_step="Check that the file holds another version than the one installed.",
                )
        elif before and before != version:
            self._update = None  # Installed may still follow; the version says enough

    def _stalled(self, facts: Facts) -> Iterator[Finding]:
        update = self._update
        if update is None or update.installed is not None or facts.now is None or update.from_at is None:
            return
        if not facts.calls_from_station:
            return
        if facts.now - update.from_at <= timedelta(seconds=self.settings.within_s):
            return
        self._update = None
        yield self.finding(
            facts,
            f"{update.asked.name} had no end within {self.settings.within_s / 60:.0f} min.",
            update.asked.records,
            title="Firmware update stalled",
        )


def _fetched_from(exchange: Exchange) -> datetime | None:
    """From when on the charge point may begin, by its order; but not before it was asked."""
    request, asked = exchange.request, exchange.call.at
    firmware = getattr(request, "firmware", None)
    dates: list[datetime | None] = [asked]
    if isinstance(request, UpdateFirmware):
        dates.append(request.retrieve_date)
    elif isinstance(firmware, Firmware):
        dates.append(firmware.retrieve_date_time)
        if isinstance(firmware.install_date_time, datetime):
            dates.append(firmware.install_date_time)
    known = [date for date in dates if date is not None]
    return max(known) if asked is not None else None


def _is_lower(version: str, than: str) -> bool:
    """Only for versions of one form: the same text but for the numbers."""
    if _NUMBER.sub("#", version) != _NUMBER.sub("#", than):
        return False
    return [int(n) for n in _NUMBER.findall(version)] < [int(n) for n in _NUMBER.findall(than)]
