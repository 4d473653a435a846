"""Opening the file server as the settings say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from voltline.central.addresses import UnusableAddress, listening_socket
from voltline.central.domain.file_jobs import Protocol
from voltline.central.domain.files import UploadLimits, upload_types
from voltline.central.files.porter import Porter
from voltline.central.files.server import FileServer
from voltline.central.files.shelf import Shelf
from voltline.central.folder import UnusableFolder
from voltline.central.services.ports import Queries, Writer
from voltline.central.settings import FilesSettings

_DEFAULTS = FilesSettings()


def file_server(
    settings: FilesSettings,
    host: str,
    folder: Path,
    queries: Queries,
    writer: Writer,
    now: Callable[[], datetime],
) -> FileServer:
    """A file server that listens and does not serve yet. Raises UnusableFolder, UnusableAddress."""
    limits = UploadLimits(
        max_bytes=settings.max_file_bytes,
        min_free_bytes=settings.min_free_bytes,
        types=upload_types(settings.upload_types),
    )
    try:
        shelf = Shelf(folder, limits)
    except OSError as error:
        raise UnusableFolder(f"the folder {folder} cannot be used: {error.strerror}") from error
    listening: list[tuple[Protocol, socket.socket]] = []
    notices: list[str] = []
    try:
        for protocol in settings.offered:
            listening.append((protocol, _listening(settings, host, protocol, notices)))
    except BaseException:
        for _, one in listening:
            one.close()
        raise
    return FileServer(
        shelf,
        Porter(queries, writer, now, asyncio.get_running_loop()),
        listening,
        passive_ports=settings.passive_range,
        public_host=_ipv4(settings.public_host, notices),
        notices=notices,
    )


def _listening(settings: FilesSettings, host: str, protocol: Protocol, notices: list[str]) -> socket.socket:
    """A bound socket. Where the usual port is in use any other does: charge points are told which."""
    http = protocol is Protocol.HTTP
    port = settings.http_port if http else settings.ftp_port
    usual = _DEFAULTS.http_port if http else _DEFAULTS.ftp_port
    key = f"files.{protocol}_port"
    purpose = f"files by {protocol.upper()}"
    try:
        return listening_socket(purpose, host, port, f"--set {key}")
    except UnusableAddress as problem:
        if port != usual:
            raise
        other = listening_socket(purpose, host, 0, f"--set {key}")
        notices.append(
            f"{problem}; until then port {other.getsockname()[1]} is used, which charge points are told "
            f"(setting {key})"
        )
        return other


def _ipv4(host: str, notices: list[str]) -> str | None:
    """What an FTP server may say in its answer to PASV, which has room for IPv4 only."""
    if not host:
        return None
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        notices.append(f"files.public_host {host} is not known here, FTP will not name it: {error}")
        return None
