"""What follows an operator's word about a charge point that waits for it."""

from __future__ import annotations

import logging

from voltline.central.services.ports.lines import Line
from voltline.messages import MessageTrigger, TriggerMessage
from voltline.wire.errors import CallError

log = logging.getLogger(__name__)

BOOT = "boot after approval"


async def let_it_boot(line: Line) -> None:
    """Have a charge point that is Pending send BootNotification, so that it learns that it is accepted.

    Only while it is: once one was accepted none may be triggered (BOO-21). One that refuses sends the next
    by itself when its interval has passed (BOO-07).
    """
    if line.boot_accepted:
        return
    try:
        answer = await line.call(TriggerMessage(requested_message=MessageTrigger.BOOT_NOTIFICATION))
        log.info("%s is asked to boot, for it is accepted now: %s", line.identity, answer.status)
    except CallError as error:
        log.info("%s cannot be asked to boot: %s; it will by itself", line.identity, error.code)
