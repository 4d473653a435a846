"""What is written to standard error: lines for people, or JSON; each with what it belongs to.

Modules log with the standard library, as libraries do. Here each record is made an event of structlog, gets
the fields of the moment (charge point, message id, who asked), loses what is secret, and is written.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter

from voltline.central.domain.redaction import MASK, redacted_text
from voltline.central.services.acting import VOLTLINE, who
from voltline.central.settings import LogFormat, LogSettings
from voltline.transport.connection import MESSAGE_ID

# Charge points choose some of what is logged: nothing of it may begin a new line or move the cursor.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
_SECRET = re.compile(r"vlt_[0-9a-f]{12}_[A-Za-z0-9_-]+|(?<=\bBasic )[A-Za-z0-9+/=]+|(?<=\bBearer )[^\s\"',]+")

_Fields = MutableMapping[str, Any]


def _of_the_moment(_: Any, __: str, fields: _Fields) -> _Fields:
    """The CALL that is being answered, and on whose behalf this runs, where there is any."""
    if message_id := MESSAGE_ID.get():
        fields.setdefault("message_id", message_id)
    if (name := who()) != VOLTLINE:
        fields.setdefault("asked_by", name)
    return fields


def _without_secrets(_: Any, __: str, fields: _Fields) -> _Fields:
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = without_secrets(value)
    return fields


def without_secrets(text: str) -> str:
    """A text to be logged, with a mask in the place of tokens, passwords and keys."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()  # halves of surrogate pairs cannot be written
    return _SECRET.sub(MASK, redacted_text(text))


def _plain(_: Any, __: str, fields: _Fields) -> str:
    record: logging.LogRecord = fields.pop("_record")
    fields.pop("_from_structlog")
    at = datetime.fromtimestamp(record.created).astimezone()
    event, raised = fields.pop("event"), fields.pop("exc_info", None)
    line = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {record.levelname:<7} {event}"
    # What the sentence says by itself need not be said again.
    line += "".join(f" {name}={value}" for name, value in fields.items() if str(value) not in event)
    line = line.translate(_CONTROL)
    return f"{line}\n{_traceback(raised)}" if raised else line


def _json(_: Any, __: str, fields: _Fields) -> str:
    record: logging.LogRecord = fields.pop("_record")
    fields.pop("_from_structlog")
    raised = fields.pop("exc_info", None)
    entry = {
        "time": datetime.fromtimestamp(record.created, UTC),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": fields.pop("event"),
        **fields,
    }
    if raised:
        entry["traceback"] = _traceback(raised)
    return msgspec.json.encode(entry, enc_hook=str).decode("utf-8", "replace")


def _traceback(raised: Any) -> str:
    return without_secrets(logging.Formatter().formatException(raised))


def formatter(kind: LogFormat) -> logging.Formatter:
    """Plain: `2026-01-31 12:00:00.123 INFO    CP1 connected`, fields at the end, a traceback below.

    JSON: an object a line with time (UTC), level, logger, message; station, message_id, asked_by and
    traceback where there are any.
    """
    return ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars, ExtraAdder(), _of_the_moment],
        processors=[_without_secrets, _json if kind is LogFormat.JSON else _plain],
    )


def configure(settings: LogSettings) -> None:
    """Log to standard error from now on, in place of whatever was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings.format))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for library in ("uvicorn", "aiohttp", "alembic", "sqlalchemy", "asyncio", "httpx", "pyftpdlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
