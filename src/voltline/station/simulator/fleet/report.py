"""What a run came to, as a record: for people as HTML, for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from voltline.station.simulator.fleet.fleet import FleetOptions
from voltline.station.simulator.fleet.tally import Histogram, Sample, Tally


class ActionReport(msgspec.Struct, frozen=True):
    """The requests of one action. Latencies in milliseconds, None where nothing was answered."""

    answered: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    longest_ms: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. Energy in Wh, times in seconds, memory in bytes."""

    endpoint: str
    profile: str
    about: str
    began: datetime
    seconds: float
    count: int
    processes: int
    speed: float
    seed: int
    most_connected: int
    most_charging: int
    answered: int
    mean_rate: float
    """Requests answered a second, over the whole run."""
    best_rate: float
    """In the best interval."""
    latency: ActionReport
    """Of all actions together."""
    actions: dict[str, ActionReport]
    errors: dict[str, int]
    connections: int
    lost_connections: int
    visits: int
    turned_away: int
    gave_up: int
    started: int
    stopped: int
    energy_wh: int
    undelivered: int
    """Transaction messages still queued at the end."""
    given_up_messages: int
    cpu_s: float
    rss_bytes: int
    """The most that all processes together had in memory."""
    samples: tuple[Sample, ...]

    def to_json(self) -> bytes:
        """Indented, for people may look at it."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def report_of(
    options: FleetOptions,
    *,
    began: datetime,
    seconds: float,
    end: Tally,
    samples: Sequence[Sample],
    most_rss_bytes: int,
) -> Report:
    """The record of a run whose counts at the end are `end`."""
    return Report(
        endpoint=options.endpoint,
        profile=options.profile.name,
        about=options.profile.about,
        began=began,
        seconds=round(seconds, 1),
        count=options.count,
        processes=options.processes,
        speed=options.speed,
        seed=options.seed,
        most_connected=max((one.connected for one in samples), default=0),
        most_charging=max((one.charging for one in samples), default=0),
        answered=end.answered,
        mean_rate=round(end.answered / seconds, 1) if seconds else 0.0,
        best_rate=round(max((one.rate for one in samples), default=0.0), 1),
        latency=_action(end.answered, end.failed, end.latency()),
        actions={
            name: _action(one.answered, one.failed, one.latency) for name, one in sorted(end.actions.items())
        },
        errors=dict(sorted(end.errors.items())),
        connections=end.connections,
        lost_connections=end.lost_connections,
        visits=end.visits,
        turned_away=end.turned_away,
        gave_up=end.gave_up,
        started=end.started,
        stopped=end.stopped,
        energy_wh=end.energy_wh,
        undelivered=end.queued,
        given_up_messages=end.given_up_messages,
        cpu_s=round(end.cpu_s, 2),
        rss_bytes=most_rss_bytes,
        samples=tuple(samples),
    )


def _action(answered: int, failed: int, latency: Histogram) -> ActionReport:
    def milliseconds(seconds: float | None) -> float | None:
        return None if seconds is None else round(seconds * 1000, 2)

    return ActionReport(
        answered,
        failed,
        milliseconds(latency.percentile_s(50)),
        milliseconds(latency.percentile_s(95)),
        milliseconds(latency.percentile_s(99)),
        milliseconds(latency.longest_s if answered else None),
    )
