"""What is written to standard error: lines for people, or JSON."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import msgspec

from voltline.central.settings import LogFormat, LogSettings

# Charge points choose some of what is logged: nothing of it may begin a new line or move the cursor.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


class PlainFormatter(logging.Formatter):
    """`2026-01-31 12:00:00.123 INFO  CP1 connected`; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        line = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {record.levelname:<7} "
        line += record.getMessage().translate(_CONTROL)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry).decode()


def configure(settings: LogSettings) -> None:
    """Log to standard error from now on, in place of whatever was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.format is LogFormat.JSON else PlainFormatter())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for library in ("uvicorn", "aiohttp", "alembic", "sqlalchemy", "asyncio", "pyftpdlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
