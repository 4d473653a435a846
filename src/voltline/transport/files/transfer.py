"""Fetching and bringing a file. These functions block and are meant for a thread.

The protocol comes from the address, which may hold a user and a password; without them the login is anonymous
by FTP, and there is none by HTTP.
"""

from __future__ import annotations

import ftplib
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult

from voltline.transport.files import ftp
from voltline.transport.files import http as web
from voltline.transport.files.conduct import Conduct, Fault, TransferFailed, read_address


def fetch(location: str, path: Path, conduct: Conduct, *, resume: bool = False) -> None:
    """Fetch a file to `path`; `resume` keeps what is there of it and asks for the rest only.

    Raises:
        TransferFailed: it is not whole; what came of it stays in `path`.
        TransferCancelled: likewise.
    """
    address = read_address(location)
    had_bytes = path.stat().st_size if resume and path.exists() else 0
    with _in_words(address), path.open("r+b" if had_bytes else "wb") as file:
        file.seek(had_bytes)
        if address.scheme in ("ftp", "ftps"):
            ftp.fetch(address, file, had_bytes, conduct)
        else:
            web.fetch(address, file, had_bytes, conduct)


def bring(path: Path, folder: str, name: str, conduct: Conduct, *, resume: bool = False) -> None:
    """Bring the file at `path` into a folder under this name.

    `resume` goes on behind what the server has of it; only FTP can.

    Raises:
        TransferFailed: the server has not taken it, or not all of it.
        TransferCancelled: likewise.
    """
    address = read_address(folder)
    with _in_words(address), path.open("rb") as file:
        if address.scheme in ("ftp", "ftps"):
            ftp.bring(address, name, file, resume, conduct)
        else:
            web.bring(address, name, file, conduct)


@contextmanager
def _in_words(address: SplitResult) -> Iterator[None]:
    where = address.hostname
    try:
        yield
    except ftplib.Error as error:
        raise TransferFailed(ftp.fault_of(str(error)), f"{where} says {error}") from None
    except (EOFError, http.client.HTTPException, OSError) as error:
        raise TransferFailed(Fault.FAILED, f"{where}: {str(error) or type(error).__name__}") from None
    except ValueError as error:
        raise TransferFailed(Fault.BAD_MESSAGE, f"{where}: {error}") from None
