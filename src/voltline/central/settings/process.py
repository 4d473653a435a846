"""How the process ends, and what it writes to standard error."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from voltline.central.settings.section import Section


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    PLAIN = "plain"
    JSON = "json"


class ShutdownSettings(Section, frozen=True, kw_only=True):
    """How the process ends."""

    grace_s: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="After SIGTERM or ctrl-C, how long messages that have arrived may take to be stored "
            "and answered before the connections are closed.",
            extra={"unit": "seconds"},
        ),
    ] = 5.0


class LogSettings(Section, frozen=True, kw_only=True):
    """What is written to standard error."""

    level: Annotated[
        LogLevel, Meta(description="The least important lines that are written. debug shows deviations.")
    ] = LogLevel.INFO
    format: Annotated[
        LogFormat, Meta(description="plain: lines for people. json: one JSON object a line.")
    ] = LogFormat.PLAIN
