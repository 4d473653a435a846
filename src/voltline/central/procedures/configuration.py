"""Reading what a charge point is set to, and setting it to what it should be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from voltline.central.domain.configuration import DesiredKey, in_parts
from voltline.central.services import configuration
from voltline.central.services.ports import Writer
from voltline.central.services.ports.lines import Line, Procedure, Procedures
from voltline.messages import (
    ChangeConfiguration,
    GetConfiguration,
    Reset,
    ResetStatus,
    ResetType,
)
from voltline.wire.errors import CallError, LocalProtocolError, RemoteProtocolError

log = logging.getLogger(__name__)

NAME = "configuration"
REBOOT = "reboot for configuration"
_REBOOTS_AT_ONCE = 20


class ConfigurationKeeper:
    """Procedures of configuration. Answers are stored as they come (`services.outcomes`)."""

    def __init__(self, writer: Writer, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._now = now

    def after_boot(self, line: Line) -> Iterable[tuple[str, Procedure]]:
        """See `Runner.on_accepted`."""
        yield NAME, self.bring_up_to_date

    async def bring_up_to_date(self, line: Line) -> None:
        """Read everything, where that is due, then set what is not as it should be."""
        if await self._writer.submit(configuration.needs_reading, line.key, self._now()):
            await self.read(line)
        await self.set_what_is_due(line)

    async def read(self, line: Line) -> None:
        """Ask for all keys, then by name for those that are wanted and were not told (CFG-06 to CFG-08)."""
        since = self._now()
        try:
            await line.call(GetConfiguration())
        except CallError as error:
            problem = f"{error.code}: {error.description}" if error.description else error.code
            await self._writer.submit(configuration.unreadable, line.key, problem, self._now())
        except RemoteProtocolError as error:
            await self._writer.submit(configuration.unreadable, line.key, error.text, self._now())
        keys, at_most = await self._writer.submit(configuration.left_to_ask, line.key, since)
        for part in in_parts(keys, at_most):
            await self._ask(line, part)

    async def _ask(self, line: Line, keys: list[str]) -> None:
        try:
            await line.call(GetConfiguration(key=keys))
        except (CallError, RemoteProtocolError):
            if len(keys) > 1:  # fewer may do: nothing says what happens beyond GetConfigurationMaxKeys
                for half in in_parts(keys, (len(keys) + 1) // 2):
                    await self._ask(line, half)
            else:
                log.info("%s does not tell %s", line.identity, keys[0])

    async def set_what_is_due(self, line: Line) -> None:
        """Send the desired values that it does not have, then reboot it if that is needed and allowed."""
        for key in await self._writer.submit(configuration.due, line.key):
            await self._set(line, key)
        await self.reboot_if_due(line)

    async def _set(self, line: Line, key: DesiredKey) -> None:
        try:
            await line.call(ChangeConfiguration(key=key.key, value=key.value))
        except CallError as error:
            reason = f"{error.code}: {error.description}" if error.description else error.code
        except (RemoteProtocolError, LocalProtocolError) as error:
            reason = error.text if isinstance(error, RemoteProtocolError) else str(error)
        else:
            return
        await self._writer.submit(
            configuration.change_failed, line.key, key.key, key.value, reason, self._now()
        )

    async def reboot_if_due(self, line: Line) -> None:
        """Reboot it for values that need it, where that was asked for and no transaction runs (CFG-03)."""
        if not await self._writer.submit(configuration.reboot_due, line.key):
            return
        answer = await line.call(Reset(type=ResetType.SOFT))
        log.info("%s is rebooted for its configuration: %s", line.identity, answer.status)
        if answer.status == ResetStatus.ACCEPTED:
            await self._writer.submit(configuration.rebooting, line.key, self._now())

    async def look_for_idle(self, procedures: Procedures) -> None:
        """Have those charge points rebooted that waited for their transactions to end."""
        for identity in await self._writer.submit(configuration.idle_reboots, _REBOOTS_AT_ONCE):
            procedures.start(identity, REBOOT, self.reboot_if_due)
