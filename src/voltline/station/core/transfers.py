"""The files on their way to or from the station: who asked for each, and how far it is."""

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from voltline.station.core.bench import Bench
from voltline.station.core.happenings import TransferEnded, TransferProgressed
from voltline.station.core.intents import CancelTransfer, Download, Matter, Upload

BAR = 20
"""Characters of a progress bar."""

OWN_RETRIES = 3
OWN_RETRY_INTERVAL_S = 30.0
"""Where the central system leaves both to the station (OCPP 1.6, 6.25 and 6.55)."""


class Transfer:
    """One transfer under way; bytes as the device last told them."""

    __slots__ = ("_tenths", "done_bytes", "ended", "number", "subject", "total_bytes")

    def __init__(self, number: int, subject: str, ended: Callable[[TransferEnded], None]) -> None:
        self.number = number
        self.subject = subject
        self.ended = ended
        self.done_bytes = 0
        self.total_bytes: int | None = None
        self._tenths = 0

    def progressed(self, done_bytes: int, total_bytes: int | None) -> bool:
        """Note it; True when another tenth is done, which is worth telling."""
        self.done_bytes, self.total_bytes = done_bytes, total_bytes
        tenths = 10 * done_bytes // total_bytes if total_bytes else 0
        before, self._tenths = self._tenths, tenths
        return tenths > before


class Transfers:
    """Gives every transfer its number, and what becomes of it to whoever asked for it."""

    __slots__ = ("_bench", "_number", "_under_way")

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._number = 0
        self._under_way: dict[int, Transfer] = {}

    @property
    def under_way(self) -> tuple[Transfer, ...]:
        """Those that have begun and not ended."""
        return tuple(self._under_way.values())

    def download(
        self, location: str, *, resume: bool, subject: str, ended: Callable[[TransferEnded], None]
    ) -> int:
        """Fetch a file; `ended` is called when that is over, however. Gives its number."""
        number = self._begin(subject, ended)
        self._bench.intend(Download(number, location, resume))
        self._bench.tell(Matter.FILES, f"{subject}: fetching {without_password(location)}")
        return number

    def upload(self, upload: Upload, *, subject: str, ended: Callable[[TransferEnded], None]) -> int:
        """Bring a file; the number of `upload` is put in here. Gives it."""
        number = self._begin(subject, ended)
        self._bench.intend(
            Upload(
                number,
                upload.location,
                upload.file_name,
                upload.log,
                upload.since,
                upload.until,
                upload.resume,
            )
        )
        where = without_password(upload.location)
        self._bench.tell(Matter.FILES, f"{subject}: bringing {upload.file_name} to {where}")
        return number

    def cancel(self, number: int) -> None:
        """Break it off; nobody is told. It is no fault when it is over already."""
        if self._under_way.pop(number, None) is not None:
            self._bench.intend(CancelTransfer(number))

    def forget(self) -> None:
        """A reboot has ended them all."""
        self._under_way.clear()

    def progressed(self, happening: TransferProgressed) -> None:
        """Note how far it is, and tell the people every tenth of the way."""
        transfer = self._under_way.get(happening.number)
        if transfer is not None and transfer.progressed(happening.done_bytes, happening.total_bytes):
            bar = progress_bar(transfer.done_bytes, transfer.total_bytes)
            self._bench.tell(Matter.FILES, f"{transfer.subject}: {bar}")

    def ended(self, happening: TransferEnded) -> None:
        """Tell whoever asked for it; one that was cancelled meanwhile is nobody's."""
        transfer = self._under_way.pop(happening.number, None)
        if transfer is not None:
            transfer.ended(happening)

    def _begin(self, subject: str, ended: Callable[[TransferEnded], None]) -> int:
        self._number += 1
        self._under_way[self._number] = Transfer(self._number, subject, ended)
        return self._number


def progress_bar(done_bytes: int, total_bytes: int | None) -> str:
    """`[#####...............] 25 %, 64 of 256 kB`, or the amount alone where the whole is unknown."""
    unit, size = ("kB", 1000) if max(done_bytes, total_bytes or 0) >= 10_000 else ("bytes", 1)
    if not total_bytes:
        return f"{done_bytes // size} {unit}"
    part = min(done_bytes / total_bytes, 1.0)
    bar = ("#" * int(BAR * part)).ljust(BAR, ".")
    return f"[{bar}] {100 * part:.0f} %, {done_bytes // size} of {total_bytes // size} {unit}"


def without_password(location: str) -> str:
    """The address as it may be shown and logged."""
    try:
        parts = urlsplit(location)
        if parts.password is None:
            return location
    except ValueError:
        return location.rpartition("@")[2]
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))
