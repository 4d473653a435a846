"""Programs of others that take part, found by the entry points of installed packages."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points

from voltline.central.services.data_transfer import TransferHandlers

log = logging.getLogger(__name__)

GROUP = "voltline.data_transfer"


def load_transfer_handlers(handlers: TransferHandlers) -> None:
    """Let every entry point of the group `voltline.data_transfer` add its handlers: it is called with them.

    One that fails is logged, and the others go on.
    """
    for entry_point in entry_points(group=GROUP):
        try:
            entry_point.load()(handlers)
        except Exception:
            log.exception("the plugin %s (%s) cannot be used", entry_point.name, entry_point.value)
        else:
            log.info("the plugin %s answers DataTransfer", entry_point.name)
