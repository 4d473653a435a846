"""What every transfer of a file is told, tells and fails by, whatever the protocol."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from enum import Enum
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 30.0
"""How long a server may keep silent."""

BLOCK_BYTES = 64 * 1024

Progress = Callable[[int, int | None], None]
"""(bytes done, bytes in all or None where nobody says)"""


class Fault(Enum):
    """Why a transfer came to nothing."""

    FAILED = "failed"
    """Not reached, broken off, no such file: it may work another time."""
    DENIED = "denied"
    NOT_SUPPORTED = "not supported"
    BAD_MESSAGE = "bad message"
    """The address or the request is not what the server understands."""


class TransferFailed(Exception):  # reads well
    """The transfer came to nothing; the text is for people and holds no password."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class TransferCancelled(Exception):  # somebody wished so
    """The one who ordered it does not want it any more."""


class Conduct:
    """What a transfer is told and tells while it runs."""

    def __init__(
        self,
        *,
        progress: Progress = lambda _done, _total: None,
        cancelled: threading.Event | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`tls` says whom to trust; the authorities of the system if nobody says so."""
        self._progress = progress
        self._cancelled = cancelled
        self._tls = tls
        self.timeout_s = timeout_s

    @property
    def tls(self) -> ssl.SSLContext:
        """Whom to trust."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def went_on(self, done_bytes: int, total_bytes: int | None) -> None:
        """Tell how far it is; raises TransferCancelled when it is not wanted any more."""
        self.still_wanted()
        self._progress(done_bytes, total_bytes)

    def still_wanted(self) -> None:
        """Raises TransferCancelled when it is not."""
        if self._cancelled is not None and self._cancelled.is_set():
            raise TransferCancelled


def read_address(location: str) -> SplitResult:
    try:
        address = urlsplit(location)
        _ = address.port  # raises where it is none
    except ValueError as error:
        raise TransferFailed(Fault.BAD_MESSAGE, f"the address cannot be read: {error}") from None
    if address.scheme not in ("ftp", "ftps", "http", "https"):
        known = "ftp, ftps, http and https"
        text = f"{address.scheme or 'an address without protocol'} is not known, only {known}"
        raise TransferFailed(Fault.NOT_SUPPORTED, text)
    if not address.hostname:
        raise TransferFailed(Fault.BAD_MESSAGE, "the address names no host")
    return address


def length_of(file: BinaryIO) -> int:
    """Its bytes; it is left at its beginning."""
    length = file.seek(0, 2)
    file.seek(0)
    return length
