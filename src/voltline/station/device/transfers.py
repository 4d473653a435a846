"""Fetches firmware, brings logs, and has firmware installed, while the station goes on with its work."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Protocol

from voltline.messages import LogType
from voltline.station.core.happenings import (
    Happening,
    InstallationEnded,
    TransferEnded,
    TransferProgressed,
    TransferResult,
)
from voltline.station.core.intents import CancelTransfer, Download, Install, Upload
from voltline.station.device.logbook import Logbook, write_archive, write_log
from voltline.transport.files.conduct import Conduct, Fault, TransferCancelled, TransferFailed
from voltline.transport.files.transfer import bring, fetch

log = logging.getLogger("voltline.station")

MOST_AT_ONCE = 16
"""Transfers of all stations of this process; more wait for their turn."""

PROGRESS_PARTS = 50
"""How often a transfer tells how far it is, about, whatever its size."""

IMAGE = "firmware.image"
ORIGIN = "firmware.origin"

RESULTS = {
    Fault.FAILED: TransferResult.FAILED,
    Fault.DENIED: TransferResult.DENIED,
    Fault.NOT_SUPPORTED: TransferResult.NOT_SUPPORTED,
    Fault.BAD_MESSAGE: TransferResult.BAD_MESSAGE,
}

Report = Callable[[Happening], None]
FileIntent = Download | Upload | CancelTransfer | Install


class BadImage(Exception):  # reads well
    """The firmware cannot be installed; the text says why."""


class Installer(Protocol):
    """Checks and writes a firmware image. Called in a thread of its own."""

    def install(self, image: Path, cancelled: threading.Event) -> str:
        """Install it, and give its version; the station reboots into it. Returns early when `cancelled`.

        Raises:
            BadImage: it is none for this station.
        """
        ...


class Files(Protocol):
    """Whoever carries out what the core wants done with files."""

    def perform(self, intent: FileIntent, report: Report) -> None:
        """Begin it, or break it off; `report` is called in the event loop, never from within this call."""
        ...

    def stop(self) -> None:
        """Break everything off and report nothing more, as a loss of power does."""
        ...

    def close(self) -> None:
        """Stop, and remove what is not to outlive the process."""
        ...


class NoFiles:
    """Of a station without file transfers."""

    def perform(self, intent: FileIntent, report: Report) -> None:
        """Tell that it cannot be done."""
        happening: Happening
        match intent:
            case Download() | Upload():
                text = "this station transfers no files"
                happening = TransferEnded(intent.number, TransferResult.NOT_SUPPORTED, text)
            case Install():
                happening = InstallationEnded(problem="this station installs no firmware")
            case CancelTransfer():
                return
        asyncio.get_running_loop().call_soon(report, happening)

    def stop(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is left."""


class FileTransfers:
    """Real transfers over FTP, FTPS, HTTP and HTTPS."""

    def __init__(
        self,
        logbook: Logbook,
        installer: Installer,
        *,
        state: Callable[[], Mapping[str, str]] = dict,
        folder: Path | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """`state` is what diagnostics tell beside the log. In `folder` files outlive a loss of power; it is
        made when there is something to put into it. Without one they lie in a temporary folder."""
        self._logbook = logbook
        self._installer = installer
        self._state = state
        self._given_folder = folder
        self._temporary: TemporaryDirectory[str] | None = None
        self._timeout_s = timeout_s
        self._wanted: dict[int | str, threading.Event] = {}

    def perform(self, intent: FileIntent, report: Report) -> None:
        """Begin it, or break it off."""
        match intent:
            case Download():
                self._begin(intent.number, partial(self._fetch, intent), report)
            case Upload():
                self._begin(intent.number, partial(self._bring, intent, self._writer(intent)), report)
            case Install():
                self._begin("install", self._install, report)
            case CancelTransfer():
                self._break_off(intent.number)

    def stop(self) -> None:
        """Break everything off and report nothing more."""
        for key in tuple(self._wanted):
            self._break_off(key)

    def close(self) -> None:
        """Stop, and remove the temporary folder."""
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _break_off(self, key: int | str) -> None:
        event = self._wanted.pop(key, None)
        if event is not None:
            event.set()

    def _begin(
        self, key: int | str, work: Callable[[threading.Event, Report], Happening], report: Report
    ) -> None:
        self._break_off(key)
        loop = asyncio.get_running_loop()
        cancelled = self._wanted[key] = threading.Event()

        def tell(happening: Happening, last: bool) -> None:
            if self._wanted.get(key) is not cancelled:
                return
            if last:
                del self._wanted[key]
            report(happening)

        def from_thread(happening: Happening, last: bool = False) -> None:
            with suppress(RuntimeError):  # the loop is closed: the process is about to end
                loop.call_soon_threadsafe(tell, happening, last)

        def run() -> None:
            with suppress(TransferCancelled):
                from_thread(work(cancelled, from_thread), last=True)

        _CREW.do(run)

    # ---- in a thread

    def _fetch(self, download: Download, cancelled: threading.Event, report: Report) -> Happening:
        def work(conduct: Conduct) -> None:
            image, origin = self._folder / IMAGE, self._folder / ORIGIN
            # What is left of another file is no beginning of this one.
            known = origin.exists() and origin.read_text("utf-8") == download.location
            resume = download.resume and known
            if not resume:
                # A transfer that was broken off may not have noticed yet, and keeps what it writes to.
                image.unlink(missing_ok=True)
            origin.write_text(download.location, "utf-8")
            fetch(download.location, image, conduct, resume=resume)

        return self._transfer(download.number, work, cancelled, report)

    def _bring(
        self,
        upload: Upload,
        write: Callable[[Path], None],
        cancelled: threading.Event,
        report: Report,
    ) -> Happening:
        def work(conduct: Conduct) -> None:
            path = self._folder / f"outgoing.{upload.log.value}"
            resume = upload.resume and path.exists()
            if not resume:
                write(path)
            bring(path, upload.location, upload.file_name, conduct, resume=resume)
            path.unlink()

        return self._transfer(upload.number, work, cancelled, report)

    def _transfer(
        self, number: int, work: Callable[[Conduct], None], cancelled: threading.Event, report: Report
    ) -> Happening:
        told_bytes = 0

        def progress(done_bytes: int, total_bytes: int | None) -> None:
            nonlocal told_bytes
            step_bytes = (total_bytes or 50_000_000) // PROGRESS_PARTS
            if done_bytes - told_bytes >= step_bytes or done_bytes == total_bytes:
                told_bytes = done_bytes
                report(TransferProgressed(number, done_bytes, total_bytes))

        try:
            work(Conduct(progress=progress, cancelled=cancelled, timeout_s=self._timeout_s))
        except TransferCancelled:
            raise
        except TransferFailed as failure:
            return TransferEnded(number, RESULTS[failure.fault], str(failure))
        except OSError as failure:
            return TransferEnded(number, TransferResult.FAILED, f"the station's own disk: {failure}")
        except Exception as failure:  # the station waits for its end, whatever went wrong
            log.exception("transfer %d failed by a fault of its own", number)
            return TransferEnded(number, TransferResult.FAILED, f"a fault of the station: {failure}")
        return TransferEnded(number, TransferResult.DONE)

    def _install(self, cancelled: threading.Event, _: Report) -> Happening:
        image = self._folder / IMAGE
        if not image.exists():
            return InstallationEnded(problem="the fetched file is gone")
        try:
            version = self._installer.install(image, cancelled)
        except BadImage as refusal:
            return InstallationEnded(problem=str(refusal))
        except OSError as failure:
            return InstallationEnded(problem=f"the station's own disk: {failure}")
        except Exception as failure:  # an installer is somebody else's
            log.exception("the installation failed by a fault of its own")
            return InstallationEnded(problem=f"a fault of the station: {failure}")
        if cancelled.is_set():
            raise TransferCancelled
        return InstallationEnded(firmware_version=version)

    # ---- what is brought

    def _writer(self, upload: Upload) -> Callable[[Path], None]:
        """Writes the file as things stand now, not as they will when its turn comes."""
        entries = self._logbook.entries(upload.log, upload.since, upload.until)
        if upload.log == LogType.SECURITY_LOG:
            return partial(write_log, entries)
        return partial(write_archive, entries, dict(self._state()))

    @property
    def _folder(self) -> Path:
        if self._given_folder is not None:
            self._given_folder.mkdir(parents=True, exist_ok=True)
            return self._given_folder
        if self._temporary is None:
            self._temporary = TemporaryDirectory(prefix="voltline-station-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)


class _Crew:
    """Threads for work that waits on the network. Unlike an executor's they hold up nobody's end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    def do(self, work: Callable[[], None]) -> None:
        """Do it when a thread is free."""
        with self._lock:
            self._work.put(work)
            self._unfinished += 1
            if self._threads < min(self._unfinished, self._most):
                self._threads += 1
                threading.Thread(target=self._labour, daemon=True, name=f"files-{self._threads}").start()

    def _labour(self) -> None:
        while True:
            work = self._work.get()
            try:
                work()
            except Exception:
                log.exception("a transfer failed by a fault of its own")
            finally:
                with self._lock:
                    self._unfinished -= 1


_CREW = _Crew(MOST_AT_ONCE)
