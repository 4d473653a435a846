"""Where charge points and users of the REST API connect."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from voltline.central.settings.section import Section


class OcppSettings(Section, frozen=True, kw_only=True):
    """The port that charge points connect to."""

    host: Annotated[
        str,
        Meta(min_length=1, description="Address to listen on; 0.0.0.0 or :: for all addresses."),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 9000
    path: Annotated[
        str,
        Meta(
            pattern=r"^$|^/",
            description="Path under which charge points connect, such as /ocpp; the charge point's identity "
            "is the last segment. Empty: any path.",
            extra={"allowed": "a path that begins with a slash, such as /ocpp, or nothing"},
        ),
    ] = ""
    strict: Annotated[
        bool,
        Meta(
            description="Refuse every message that deviates from the specification by a CALLERROR, instead "
            "of using what can be used and recording the deviations."
        ),
    ] = False
    accept_missing_subprotocol: Annotated[
        bool,
        Meta(description="Take a charge point that offers no WebSocket subprotocol for one of OCPP 1.6."),
    ] = True
    max_message_bytes: Annotated[
        int,
        Meta(
            ge=1024,
            le=64 * 1024 * 1024,
            description="Longest text frame that a charge point may send.",
            extra={"unit": "bytes"},
        ),
    ] = 1024 * 1024
    ping_interval_s: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="Time between two WebSocket pings to a charge point.",
            extra={"unit": "seconds"},
        ),
    ] = 60.0
    ping_timeout_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="A charge point that has not answered a ping for so long is disconnected.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0
    message_timeout_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3600,
            description="How long a charge point may take to answer a command.",
            extra={"unit": "seconds"},
        ),
    ] = 30.0


class HttpSettings(Section, frozen=True, kw_only=True):
    """The port of the REST API."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address to listen on. On an address other than loopback everybody has to show a "
            "token: make one first (`voltline token add`), without one Voltline does not start there.",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 8080
