"""What handlers work with, and what is known of the charge point at the other end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from voltline.central.domain.authorization import AuthorizationRules
from voltline.central.domain.certificates import SigningPolicy
from voltline.central.domain.stations import Registration, RegistrationRules, Station
from voltline.central.services.data_transfer import TransferHandlers
from voltline.central.services.ports import Writer
from voltline.central.services.ports.asking import Asking
from voltline.central.services.ports.data_transfer import NoAnswer, Poster
from voltline.messages import MeterValues
from voltline.quirks import NO_QUIRKS, Quirks, Registry


def _nobody(identity: str) -> None:
    return


def _nobody_meters(identity: str, request: MeterValues, at: datetime) -> None:
    return


class _NoPoster:
    """For a central system that reaches nobody."""

    async def post(self, url: str, body: bytes, timeout_s: float) -> bytes:
        raise NoAnswer("this central system asks no URLs")


class Desk(NamedTuple):
    """What every handler is given."""

    writer: Writer
    now: Callable[[], datetime]
    """UTC, whole milliseconds at most: it goes out in answers."""
    registration: RegistrationRules
    authorization: AuthorizationRules
    accepted: Callable[[str], object] = _nobody
    """Told the identity of each charge point whose boot is accepted, before that is answered."""
    asking: Asking | None = None
    """Who is asked about id tags that nobody registered; None: nobody."""
    transfers: TransferHandlers = TransferHandlers()
    """Programs that answer DataTransfer."""
    poster: Poster = _NoPoster()
    signing: SigningPolicy = SigningPolicy.REJECT
    quirks: Registry = Registry()
    metered: Callable[[str, MeterValues, datetime], object] = _nobody_meters
    """Told of all meter values, with the identity and the time of receipt."""


class Visit:
    """A charge point for the time of one connection; the connection's `context`."""

    __slots__ = ("boot_accepted", "identity", "key", "quirks", "registration", "strict")

    def __init__(self, station: Station, quirks: Quirks = NO_QUIRKS) -> None:
        self.key = station.key
        self.identity = station.identity
        """As registered, which may differ in case from what the connection's address said."""
        self.registration = station.registration
        """Whether it may send anything but BootNotification; lasts beyond the connection (BOO-19)."""
        self.boot_accepted = self.accepted and station.last_boot_at is not None
        """Whether its last boot was answered with Accepted."""
        self.strict = station.strict
        """Whether its messages are read strictly; None: as set for all."""
        self.quirks = quirks
        """Of what it said of itself at its last boot."""

    @property
    def accepted(self) -> bool:
        return self.registration is Registration.ACCEPTED
