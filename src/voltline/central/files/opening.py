"""Opening the file server as the settings say."""

from __future__ import annotations

import asyncio
import logging
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

log = logging.getLogger(__name__)

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
    try:
        for protocol in settings.offered:
            listening.append((protocol, _listening(settings, host, protocol)))
    except BaseException:
        for _, one in listening:
            one.close()
        raise
    return FileServer(
        shelf,
        Porter(queries, writer, now, asyncio.get_running_loop()),
        listening,
        passive_ports=settings.passive_range,
        public_host=_ipv4(settings.public_host),
    )


def _listening(settings: FilesSettings, host: str, protocol: Protocol) -> socket.socket:
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
        log.warning(
            "%s; port %d is used, which charge points are told; a firewall between would have to know it "
            "(setting %s)",
            problem,
            other.getsockname()[1],
            key,
        )
        return other


def _ipv4(host: str) -> str | None:
    """What an FTP server may say in its answer to PASV, which has room for IPv4 only."""
    if not host:
        return None
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        log.warning("files.public_host %s is not known here, FTP will not name it: %s", host, error)
        return None
