"""The process behind `voltline serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Any

from voltline.base import garbage
from voltline.central import logs
from voltline.central.app import Central
from voltline.central.settings import Settings

log = logging.getLogger(__name__)


def run(settings: Settings, *, announce: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT, then stop gracefully; a second signal ends the process at once.

    `announce` is given the line that says where to connect. Raises CannotStart.
    """
    logs.configure(settings.log)
    _event_loop_runner(_serve(settings, announce))


async def _serve(settings: Settings, announce: Callable[[str], object]) -> None:
    stop = asyncio.Event()
    _on_signals(stop)
    async with Central(settings) as central:
        garbage.search_seldom()
        folder = settings.data.path.absolute()
        announce(f"voltline is ready ocpp={central.ocpp_url} http={central.http_url} data={folder}")
        await stop.wait()
        log.info("stopping: what has arrived is stored and answered first")
    log.info("stopped")


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if stop.is_set():
            # What was acknowledged is durable; all else will be sent again.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        if hasattr(loop, "add_signal_handler"):
            loop.add_signal_handler(number, asked, int(number))


def _event_loop_runner(main: Any) -> None:
    try:
        import uvloop
    except ImportError:  # Windows
        asyncio.run(main)
    else:
        uvloop.run(main)
