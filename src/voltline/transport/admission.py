"""Who may connect: the question asked before the 101, and its possible answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

SUBPROTOCOL = "ocpp1.6"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a station showed when it asked for a connection."""

    identity: str
    """The charge point identity, decoded from the path's last segment (OCPP-J 1.6, 3.1.1)."""
    path: str
    """The path as it stood in the request line."""
    remote: str
    """The address it came from, ``host`` alone."""
    subprotocols: tuple[str, ...] = ()
    """What Sec-WebSocket-Protocol offered, in order of preference; empty where the header was missing."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def basic_credentials(self) -> tuple[str, bytes] | None:
        """User name and password of HTTP Basic authentication, or None where there are none that can be read.

        The password is raw bytes: a station's key need not be text (OCPP-J 1.6, 6.2.2).
        """
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
            return (user.decode("utf-8"), password) if colon else None
        except (binascii.Error, UnicodeDecodeError):
            return None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The station may connect."""

    context: object = None
    """Becomes the connection's ``context``."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The station may not connect: this HTTP status is sent instead of the 101.

    401 for credentials that are missing or wrong, 404 for an identity that is not known (OCPP-J 1.6, 3.2),
    503 while it cannot be decided; ``retry_after_s`` tells a station how long to stay away.
    """

    status: int
    reason: str
    retry_after_s: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        return headers


Decision = Admitted | Refused
Admission = Callable[[Handshake], Awaitable[Decision]]


async def admit_all(_: Handshake) -> Decision:
    """Let every station in that has a valid identity."""
    return Admitted()


def chosen_subprotocol(offered: tuple[str, ...]) -> str | None:
    """The offer that we speak, in the spelling of the client, or None (OCPP-J 1.6, 3.1.2)."""
    return next((one for one in offered if one.lower() == SUBPROTOCOL), None)
