"""The meters of a building by MQTT: subscribed to, read, and told; their broker found again when it is gone.

The one module that speaks MQTT.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiomqtt

from voltline.central.domain.mqtt_meters import MqttReading, MqttSource, Phases, Told, Unreadable, told
from voltline.central.services.ports.sites import BrokerState, TopicState
from voltline.central.siting.world import SiteTime
from voltline.smart_charging.site.facts import Finding, Trouble

log = logging.getLogger(__name__)
_paho = logging.getLogger("aiomqtt")

_FIRST_PAUSE_S, _MOST_PAUSE_S = 1.0, 60.0
_SETTLED_S = 30.0
"""After a connection that lasted so long, the pauses begin anew."""
_TIMEOUT_S = 10.0
_KEEPALIVE_S = 20
_REFUSED = 0x80
"""Codes of SUBACK from here on say no (MQTT 3.1.1, 3.9.3)."""
_NOT_LET_IN = (4, 5, 0x86, 0x87)
"""Codes of CONNACK: a bad user or password, or not authorised (MQTT 3.1.1, 3.2.2.3, and 5.0, 3.2.2.2)."""
_MOST_WAITING = 1000
"""Messages that came and were not read yet; more are dropped."""


@dataclass
class _Topic:
    reading: MqttReading
    read: int = 0
    unreadable: int = 0
    retained: int = 0
    read_at: datetime | None = None
    measured_at: datetime | None = None
    fault: str | None = None
    """Of the last message, if it could not be read."""


class MqttMeters:
    """Runs as a task from when it is made until `close`. For the event loop's thread."""

    def __init__(
        self,
        source: MqttSource,
        fresh_s: float,
        now: Callable[[], datetime],
        time: SiteTime,
        take: Callable[[MqttReading, Told, Phases], None],
        find: Callable[[Finding, str], None],
    ) -> None:
        """`take` is called with what was read and the phases of its fuse; `find` with what is odd."""
        self.source = source
        self._fresh_s = source.stale_s or fresh_s
        self._now, self._time = now, time
        self._take, self._find = take, find
        self._topics = [_Topic(one) for one in source.readings]
        self._phases: dict[str | None, Phases] = {one.fuse: Phases() for one in source.readings}
        self._connected = False
        self._since = now()
        self._fault: str | None = None
        self._told_unreachable = False
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(self._fresh_s, self._note_silence)
        self._task = asyncio.create_task(self._run(), name=f"meters of {source.address}")

    async def close(self) -> None:
        """Read no more."""
        self._look.cancel()
        self._task.cancel()
        await asyncio.wait([self._task])

    def state(self) -> BrokerState:
        """How it stands."""
        now = self._now()
        return BrokerState(
            address=self.source.address,
            connected=self._connected,
            since=self._since,
            fault=self._fault,
            topics=tuple(
                TopicState(
                    topic=one.reading.topic,
                    fuse=one.reading.fuse,
                    phase=one.reading.phase,
                    read=one.read,
                    unreadable=one.unreadable,
                    retained=one.retained,
                    read_at=one.read_at,
                    fresh=one.measured_at is not None
                    and (now - one.measured_at).total_seconds() <= self._fresh_s,
                    fault=one.fault,
                )
                for one in self._topics
            ),
        )

    # ---- the broker

    async def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            began = self._time()
            try:
                await self._read()
            except (aiomqtt.MqttError, OSError, ValueError) as error:  # ValueError: a host that cannot be
                self._lost("the connection was lost" if self._connected else _why(error))
            except Exception as error:
                log.exception("%s: reading its meters failed", self.source.address)
                self._lost(f"a fault of Voltline's own: {error!r}")
            if self._time() - began >= _SETTLED_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))
            pause_s = min(_MOST_PAUSE_S, pause_s * 2)

    async def _read(self) -> None:
        source = self.source
        client = aiomqtt.Client(
            source.host,
            source.port or (8883 if source.tls else 1883),
            username=source.user,
            password=source.password,
            tls_context=ssl.create_default_context(cadata=source.ca) if source.tls else None,
            timeout=_TIMEOUT_S,
            keepalive=_KEEPALIVE_S,
            max_queued_incoming_messages=_MOST_WAITING,
            logger=_paho,
        )
        topics = sorted({one.topic for one in source.readings})
        async with client:
            granted = await client.subscribe([(topic, 0) for topic in topics])
            codes = [one if isinstance(one, int) else one.value for one in granted]
            self._found([topic for topic, code in zip(topics, codes, strict=False) if code >= _REFUSED])
            async for message in client.messages:  # ends with MqttError alone
                for one in self._topics:
                    if one.reading.topic == message.topic.value:
                        self._message(one, message.payload, message.retain)

    def _found(self, refused: list[str]) -> None:
        self._connected, self._since, self._told_unreachable = True, self._now(), False
        self._fault = f"it refuses {', '.join(refused)}: its user may not read that" if refused else None
        log.info("%s: connected", self.source.address)
        if refused and self._fault:
            self._find(Finding(Trouble.METER_SILENT, self.source.address, self._fault), "meter-unreachable")

    def _lost(self, why: str) -> None:
        if self._connected or self._fault is None:
            self._since = self._now()
        self._connected, self._fault = False, why
        log.info("%s: %s", self.source.address, why)
        if not self._told_unreachable:
            self._told_unreachable = True
            self._find(Finding(Trouble.METER_SILENT, self.source.address, why), "meter-unreachable")

    # ---- its messages

    def _message(self, one: _Topic, payload: bytes, retained: bool) -> None:
        if retained and one.reading.time_path is None:
            one.retained += 1  # nobody knows how old it is
            return
        try:
            found = told(one.reading, payload, self._now())
        except Unreadable as error:
            if one.fault is None:
                text = f"{one.reading.topic}: {error}"
                self._find(
                    Finding(Trouble.METER_SILENT, one.reading.fuse or "surplus", text), "meter-unreadable"
                )
            one.unreadable += 1
            one.fault = str(error)
            return
        one.read += 1
        one.read_at, one.measured_at, one.fault = self._now(), found.at, None
        self._take(one.reading, found, self._phases[one.reading.fuse])

    def _note_silence(self) -> None:
        """Once, for topics that never told anything; of others the controller knows when they fall silent."""
        for one in self._topics:
            if not one.read and one.fault is None and self._connected:
                text = f"nothing was published to {one.reading.topic} in {self._fresh_s:g} s"
                if one.retained:
                    text += ", but a retained message without a time; give time_path, or publish anew"
                self._find(Finding(Trouble.METER_SILENT, one.reading.fuse or "surplus", text), "meter-silent")


def _why(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    if isinstance(error, aiomqtt.MqttCodeError):
        code = error.rc if isinstance(error.rc, int | None) else error.rc.value
        if code in _NOT_LET_IN:
            return f"it refuses the user or password: {text}"
    return text
