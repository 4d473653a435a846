"""Files by HTTP and HTTPS (RFC 9110): fetched with GET, brought with PUT, or POST where PUT is unknown."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from contextlib import suppress
from typing import BinaryIO
from urllib.parse import SplitResult, quote, unquote, urljoin

from voltline.transport.files.conduct import (
    BLOCK_BYTES,
    Conduct,
    Fault,
    TransferFailed,
    length_of,
    read_address,
)

MOST_REDIRECTS = 5


def fault_of(status: int) -> Fault:
    """RFC 9110, 15."""
    if status in (401, 403, 407):
        return Fault.DENIED
    if status in (405, 501, 505):
        return Fault.NOT_SUPPORTED
    if status in (400, 411, 414, 415, 422, 431):
        return Fault.BAD_MESSAGE
    return Fault.FAILED


class _Exchange:
    """One request and its response; redirects are followed."""

    def __init__(
        self,
        address: SplitResult,
        method: str,
        conduct: Conduct,
        headers: Mapping[str, str],
        body: _Outgoing | None = None,
    ) -> None:
        for _ in range(MOST_REDIRECTS + 1):
            self.address = address
            self._connection = _http(address, conduct)
            try:
                self.response = self._ask(method, headers, body)
            except BaseException:
                self._connection.close()
                raise
            target = self.response.headers.get("Location")
            follows = (301, 302, 303, 307, 308) if method == "GET" else (307, 308)
            if self.response.status not in follows or target is None:
                return
            self.close()
            address = read_address(urljoin(address.geturl(), target))
            if address.scheme not in ("http", "https"):
                raise TransferFailed(
                    Fault.NOT_SUPPORTED, f"{self.address.hostname} redirects to {address.scheme}"
                )
            if body is not None:
                body.rewind()
        raise TransferFailed(Fault.FAILED, f"{address.hostname} redirects without end")

    def _ask(
        self, method: str, headers: Mapping[str, str], body: _Outgoing | None
    ) -> http.client.HTTPResponse:
        target = quote(self.address.path or "/", safe="/%:@!$&'()*+,;=~-._")
        if self.address.query:
            target = f"{target}?{self.address.query}"
        sent = dict(headers)
        if self.address.username is not None:
            user, password = unquote(self.address.username), unquote(self.address.password or "")
            sent["Authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
        self._connection.connect()
        try:
            self._connection.request(method, target, body=body, headers=sent)
        except OSError as broken:
            # A server that wants no more of the file says why before it hangs up.
            try:
                return self._connection.getresponse()
            except (OSError, http.client.HTTPException):
                raise broken from None
        return self._connection.getresponse()

    def close(self) -> None:
        self.response.close()
        self._connection.close()

    def refusal(self) -> TransferFailed:
        """The response as a failure."""
        with suppress(OSError, http.client.HTTPException):
            words = self.response.read(300).decode("utf-8", "replace").strip().partition("\n")[0]
            status = f"{self.response.status} {self.response.reason}".strip()
            text = f"{self.address.hostname} says {status}" + (f": {words}" if words[:1].isalnum() else "")
            return TransferFailed(fault_of(self.response.status), text)
        return TransferFailed(Fault.FAILED, f"{self.address.hostname} broke off")


def _http(address: SplitResult, conduct: Conduct) -> http.client.HTTPConnection:
    host = str(address.hostname)
    if address.scheme == "https":
        return http.client.HTTPSConnection(host, address.port, timeout=conduct.timeout_s, context=conduct.tls)
    return http.client.HTTPConnection(host, address.port, timeout=conduct.timeout_s)


def fetch(address: SplitResult, file: BinaryIO, had_bytes: int, conduct: Conduct) -> None:
    headers = {"Accept-Encoding": "identity"}
    if had_bytes:
        headers["Range"] = f"bytes={had_bytes}-"
    exchange = _Exchange(address, "GET", conduct, headers)
    try:
        response = exchange.response
        if response.status == 416 and response.headers.get("Content-Range") == f"bytes */{had_bytes}":
            conduct.went_on(had_bytes, had_bytes)
            return  # it was whole
        if response.status == 200 and had_bytes:
            # The server cannot go on in the middle (RFC 9110, 14.2).
            file.seek(0)
            file.truncate()
            had_bytes = 0
        if response.status not in (200, 206) or (response.status == 206) != bool(had_bytes):
            raise exchange.refusal()
        length = response.length
        total_bytes = None if length is None else had_bytes + length
        done_bytes = had_bytes
        conduct.went_on(done_bytes, total_bytes)
        while block := response.read1(BLOCK_BYTES):  # whatever has come is kept
            conduct.still_wanted()
            file.write(block)
            done_bytes += len(block)
            conduct.went_on(done_bytes, total_bytes)
        if total_bytes is not None and done_bytes != total_bytes:
            text = f"{address.hostname} broke off after {done_bytes} of {total_bytes} bytes"
            raise TransferFailed(Fault.FAILED, text)
    finally:
        exchange.close()


class _Outgoing:
    """A file on its way out, counted."""

    def __init__(self, file: BinaryIO, conduct: Conduct) -> None:
        self._file = file
        self._conduct = conduct
        self._done_bytes = 0
        self.total_bytes = length_of(file)

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        self._conduct.went_on(self._done_bytes, self.total_bytes)
        block = self._file.read(size)
        self._done_bytes += len(block)
        return block

    def rewind(self) -> None:
        self._file.seek(0)
        self._done_bytes = 0


def bring(address: SplitResult, name: str, file: BinaryIO, conduct: Conduct) -> None:
    path = f"{address.path.rstrip('/')}/{quote(name, safe='')}"
    target = address._replace(path=path)
    body = _Outgoing(file, conduct)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(body.total_bytes),
    }
    for method in ("PUT", "POST"):
        body.rewind()
        exchange = _Exchange(target, method, conduct, headers, body)
        try:
            if 200 <= exchange.response.status < 300:
                conduct.went_on(body.total_bytes, body.total_bytes)
                return
            refusal = exchange.refusal()
        finally:
            exchange.close()
        if method == "POST" or refusal.fault is not Fault.NOT_SUPPORTED:
            raise refusal
