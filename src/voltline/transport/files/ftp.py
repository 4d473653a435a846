"""Files by FTP and FTPS (RFC 959, 3659, 4217), always in passive mode."""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from urllib.parse import SplitResult, unquote

from voltline.transport.files.conduct import BLOCK_BYTES, Conduct, Fault, TransferFailed, length_of

IMPLICIT_FTPS_PORT = 990


def fault_of(reply: str) -> Fault:
    """RFC 959, 4.2.1."""
    match reply[:3]:
        case "530" | "532" | "550" | "553":
            return Fault.DENIED
        case "502" | "504" | "522" | "534":
            return Fault.NOT_SUPPORTED
        case "500" | "501" | "503":
            return Fault.BAD_MESSAGE
    return Fault.FAILED


class _Ftps(ftplib.FTP_TLS):
    """FTP over TLS whose data connections go on in the session of the first one, as many servers demand."""

    def __init__(self, conduct: Conduct, *, implicit: bool) -> None:
        super().__init__(context=conduct.tls, timeout=conduct.timeout_s)
        self._implicit = implicit

    def getresp(self) -> str:
        if self._implicit and not isinstance(self.sock, ssl.SSLSocket):
            # Its greeting comes through TLS already.
            assert self.sock is not None
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
            self.file = self.sock.makefile("r", encoding=self.encoding)
        return super().getresp()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[ssl.SSLSocket, int | None]:
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - OCPP 1.6, 8 wants FTP
        assert isinstance(self.sock, ssl.SSLSocket)
        wrapped = self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session)
        return wrapped, size


@contextmanager
def _session(address: SplitResult, conduct: Conduct) -> Iterator[ftplib.FTP]:
    """Connected, logged in, in binary mode; left politely unless something goes wrong within."""
    client: ftplib.FTP
    if address.scheme == "ftps":
        client = _Ftps(conduct, implicit=address.port == IMPLICIT_FTPS_PORT)
    else:
        client = ftplib.FTP(timeout=conduct.timeout_s)  # noqa: S321 - OCPP 1.6, 8 wants FTP
    try:
        client.connect(str(address.hostname), address.port or ftplib.FTP_PORT)
        if isinstance(client, _Ftps) and address.port == IMPLICIT_FTPS_PORT:
            client.login(unquote(address.username or ""), unquote(address.password or ""), secure=False)
        else:
            client.login(unquote(address.username or ""), unquote(address.password or ""))
        if isinstance(client, _Ftps):
            client.prot_p()
        client.voidcmd("TYPE I")
        yield client
        with suppress(OSError, EOFError, ftplib.Error):
            client.quit()
    finally:
        client.close()


def _end(data: socket.socket) -> None:
    if isinstance(data, ssl.SSLSocket):
        # Many servers hang up without the farewell of TLS; sizes and the last reply tell what is whole.
        with suppress(OSError):
            data.unwrap()


def _size(client: ftplib.FTP, name: str) -> int | None:
    with suppress(ftplib.error_perm):
        return client.size(name)
    return None


def fetch(address: SplitResult, file: BinaryIO, had_bytes: int, conduct: Conduct) -> None:
    name = unquote(address.path).removeprefix("/")
    done_bytes = had_bytes
    with _session(address, conduct) as client:
        total_bytes = _size(client, name)
        if total_bytes is not None and had_bytes > total_bytes:
            file.seek(0)
            file.truncate()
            done_bytes = had_bytes = 0
        conduct.went_on(done_bytes, total_bytes)

        with client.transfercmd(f"RETR {name}", had_bytes or None) as data:
            while block := data.recv(BLOCK_BYTES):
                conduct.still_wanted()
                file.write(block)
                done_bytes += len(block)
                conduct.went_on(done_bytes, total_bytes)
            _end(data)
        client.voidresp()
    if total_bytes is not None and done_bytes != total_bytes:
        text = f"{address.hostname} broke off after {done_bytes} of {total_bytes} bytes"
        raise TransferFailed(Fault.FAILED, text)


def bring(address: SplitResult, name: str, file: BinaryIO, resume: bool, conduct: Conduct) -> None:
    total_bytes = length_of(file)
    with _session(address, conduct) as client:
        # A slash at the beginning separates host and path and means no root (RFC 1738, 3.2.2).
        if folder := unquote(address.path).removeprefix("/").removesuffix("/"):
            client.cwd(folder)
        there_bytes = (_size(client, name) or 0) if resume else 0
        done_bytes = there_bytes if there_bytes <= total_bytes else 0
        file.seek(done_bytes)
        conduct.went_on(done_bytes, total_bytes)

        with client.transfercmd(f"STOR {name}", done_bytes or None) as data:
            while block := file.read(BLOCK_BYTES):
                data.sendall(block)
                done_bytes += len(block)
                conduct.went_on(done_bytes, total_bytes)
            _end(data)
        client.voidresp()
