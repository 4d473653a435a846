"""The opening handshake as a proxy sees it: what is asked goes on nearly as it is, so does the answer.

The charge point's Sec-WebSocket-Key goes on too, so the central system's own answer to it fits. Offers of
extensions do not: compressed frames could not be recorded.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, unquote

import msgspec

from voltline.base.ids import InvalidIdentity, identity_from_path

__all__ = [
    "HEAD_END",
    "MOST_HEAD",
    "Answer",
    "Asked",
    "NoHandshake",
    "parted",
    "read_answer",
    "read_asked",
    "refusal",
]

HEAD_END: Final = b"\r\n\r\n"
MOST_HEAD: Final = 32 * 1024
"""Bytes of a head."""
_NOT_ASKED_ON: Final = frozenset({"host", "sec-websocket-extensions", "proxy-connection"})
_REASONS: Final = {400: "Bad Request", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class NoHandshake(ValueError):
    """What came is no head of HTTP; the text says why."""


class Asked(msgspec.Struct, frozen=True):
    """What a charge point asks for."""

    method: str
    target: str
    """Path and query, as they stood in the request line."""
    fields: tuple[tuple[str, str], ...]

    @property
    def station(self) -> str:
        """The charge point's identity (OCPP-J 1.6, 3.1.1); without a valid one, what stands there."""
        try:
            return identity_from_path(self.target)
        except InvalidIdentity:
            last = unquote(self.target.partition("?")[0].rstrip("/").rpartition("/")[2], errors="replace")
            return "".join(c if c.isprintable() else "?" for c in last)[:255] or "?"

    @property
    def subprotocols(self) -> str:
        """What Sec-WebSocket-Protocol offers; empty where it is missing."""
        return ", ".join(value for name, value in self.fields if name.lower() == "sec-websocket-protocol")

    def to(self, central: SplitResult) -> bytes:
        """The request to the central system: its base path before the path, its name as Host."""
        target = central.path.rstrip("/") + self.target
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {central.netloc.rpartition('@')[2]}"]
        lines += [f"{name}: {value}" for name, value in self.fields if name.lower() not in _NOT_ASKED_ON]
        return "\r\n".join(lines).encode("latin-1") + HEAD_END


class Answer(msgspec.Struct, frozen=True):
    """What the central system answers."""

    status: int
    line: str
    """The status line."""
    fields: tuple[tuple[str, str], ...]

    def field(self, name: str) -> str | None:
        """The value of a header field; None where it is missing."""
        return next((value for found, value in self.fields if found.lower() == name), None)

    def to_station(self) -> bytes:
        """The head as the charge point gets it. After a refusal the connection is closed."""
        fields = self.fields
        if self.status != 101:
            kept = (one for one in fields if one[0].lower() not in ("connection", "keep-alive"))
            fields = (*kept, ("Connection", "close"))
        lines = [self.line, *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join(lines).encode("latin-1") + HEAD_END

    def ends(self, body: bytes) -> bool:
        """Whether a refusal's body is whole; where only the end of the connection tells, it never is."""
        length = self.field("content-length")
        if length is not None and length.isdigit():
            return len(body) >= int(length)
        if "chunked" in (self.field("transfer-encoding") or "").lower():
            return body.endswith(b"0\r\n\r\n")
        return self.status in (204, 304)


def parted(received: bytes) -> tuple[bytes, bytes] | None:
    """A head and what follows it; None while it has no end. Raises NoHandshake where it is too long."""
    head, found, rest = received.partition(HEAD_END)
    if found:
        return head, rest
    if len(received) > MOST_HEAD:
        raise NoHandshake(f"a head of more than {MOST_HEAD} bytes")
    return None


def read_asked(head: bytes) -> Asked:
    """A request's head. Raises NoHandshake."""
    first, fields = _lines(head)
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise NoHandshake(f"no request of HTTP/1.1: {first[:80]!r}")
    return Asked(parts[0], parts[1], fields)


def read_answer(head: bytes) -> Answer:
    """An answer's head. Raises NoHandshake."""
    first, fields = _lines(head)
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        raise NoHandshake(f"no answer of HTTP/1.1: {first[:80]!r}")
    return Answer(int(rest[:3]), first, fields)


def refusal(status: int, text: str) -> bytes:
    """An answer of the proxy's own."""
    body = f"{text}\n".encode()
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


def _lines(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    split = (line.partition(":") for line in lines)
    return first, tuple((name.strip(), value.strip()) for name, _, value in split)
