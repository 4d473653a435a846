"""What the process has done and how it is, for Prometheus.

Everything is counted in plain numbers where it happens; only who asks for the metrics pays for adding up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

import voltline
from voltline.central.command_log import BOUNDS_S as COMMAND_BOUNDS_S
from voltline.central.command_log import CommandStatistics
from voltline.central.counts import MessageCounts, SessionCounts
from voltline.central.domain.inspection import InspectionFigures
from voltline.central.domain.sites import SitePoint
from voltline.central.services.ports import StorageUnavailable, Writer
from voltline.central.storage.group_commit import BATCH_BOUNDS, COMMIT_BOUNDS_S, Statistics
from voltline.inspection.findings import Severity
from voltline.transport.connection import Connection

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics(Collector):
    """Adds up when it is asked."""

    def __init__(
        self,
        *,
        connections: Callable[[], Iterable[Connection]],
        messages: MessageCounts,
        sessions: SessionCounts,
        commands: CommandStatistics,
        writer: Writer,
        commits: Statistics,
        deviations: Callable[[], int],
        frames_dropped: Callable[[], int],
        file_jobs: Callable[[], Mapping[tuple[str, str], int]],
        sites: Callable[[], Mapping[str, tuple[SitePoint, Mapping[str, int]]]] = dict,
        findings: Callable[[], Mapping[str, int]] = dict,
        inspection: Callable[[], InspectionFigures] | None = None,
    ) -> None:
        """`file_jobs` and `findings` ask the database, and may raise StorageUnavailable."""
        self._connections = connections
        self._messages = messages
        self._sessions = sessions
        self._commands = commands
        self._writer = writer
        self._commits = commits
        self._deviations = deviations
        self._frames_dropped = frames_dropped
        self._file_jobs = file_jobs
        self._sites = sites
        self._findings = findings
        self._inspection = inspection
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """In the text format of Prometheus. Takes some milliseconds; may be called on any thread."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: names need not be known before they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield _gauge("build", "1; the version is in the label.", 1, version=voltline.__version__)
        yield from self._of_connections()
        yield from self._of_messages()
        yield from self._of_commands()
        yield from self._of_storage()
        yield from self._of_file_jobs()
        yield from self._of_sites()
        yield from self._of_inspection()
        yield from self._of_findings()

    def _of_connections(self) -> Iterator[Metric]:
        live = list(self._connections())
        yield _gauge("connections", "Charge points that are connected.", len(live))
        queued = sum(connection.session.queued for connection in live)
        yield _gauge("commands_queued", "Commands that wait for the one before them to be answered.", queued)
        serving = sum(connection.serving for connection in live)
        yield _gauge("calls_unanswered", "CALLs of charge points that are not answered yet.", serving)
        family = CounterMetricFamily(
            "voltline_frames_irregular", "What healthy charge points do not cause, by kind.", labels=["kind"]
        )
        for kind, count in sorted(self._sessions.total(live).items()):
            family.add_metric([kind], count)
        yield family

    def _of_messages(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "voltline_messages",
            "CALLs of charge points by action and outcome: answered, or the code of the CALLERROR.",
            labels=["action", "outcome"],
        )
        for action, handled in sorted(self._messages.handled.copy().items()):
            family.add_metric([action, "answered"], handled - self._messages.failed[action])
        for (action, code), count in sorted(self._messages.refused.copy().items()):
            family.add_metric([action, code], count)
        yield family
        yield _counter("deviations", "What charge points sent that OCPP does not allow.", self._deviations())
        yield _counter(
            "message_log_dropped",
            "Frames that the message log could not keep.",
            self._frames_dropped(),
        )

    def _of_commands(self) -> Iterator[Metric]:
        statistics = self._commands
        family = CounterMetricFamily(
            "voltline_commands",
            "Commands that have ended, by action and outcome.",
            labels=["action", "outcome"],
        )
        for (action, state), count in sorted(statistics.ended.copy().items()):
            family.add_metric([action, state], count)
        yield family
        yield _gauge("commands_open", "Commands that wait to be sent or answered.", statistics.open)
        yield _histogram(
            "command_duration_seconds",
            "From asking for a command to its end.",
            COMMAND_BOUNDS_S,
            list(statistics.durations),
            statistics.duration_s,
        )

    def _of_storage(self) -> Iterator[Metric]:
        commits = self._commits
        yield _gauge(
            "storage_waiting", "Messages and changes that are not durable yet.", self._writer.waiting
        )
        yield _gauge("storage_healthy", "0 while the database refuses everything.", int(self._writer.healthy))
        yield _counter("storage_failed", "Messages and changes that could not be stored.", commits.failed)
        yield _counter("storage_outages", "How often the database was out of reach.", commits.outages)
        yield _histogram(
            "commit_batch_size",
            "Messages and changes that were stored in one transaction.",
            BATCH_BOUNDS,
            list(commits.sizes),
            commits.works,
        )
        yield _histogram(
            "commit_duration_seconds",
            "From the first message of a transaction to its commit.",
            COMMIT_BOUNDS_S,
            list(commits.durations),
            commits.busy_s,
        )

    def _of_sites(self) -> Iterator[Metric]:
        currents = {
            name: GaugeMetricFamily(f"voltline_site_{name}_amperes", text, labels=["site", "fuse", "phase"])
            for name, text in (
                ("capacity", "What connectors may draw through a fuse."),
                ("allocated", "What connectors should have."),
                ("possible", "The most that they may draw by all that they were ever told."),
                ("measured", "What they say that they draw."),
            )
        }
        troubles = CounterMetricFamily(
            "voltline_site_findings",
            "What was found that somebody should look at.",
            labels=["site", "trouble"],
        )
        for site, (point, found) in sorted(self._sites().items()):
            for fuse in point.fuses:
                for name, amounts in (
                    ("capacity", fuse.capacity_a),
                    ("allocated", fuse.allocated_a),
                    ("possible", fuse.possible_a),
                    ("measured", fuse.measured_a),
                ):
                    for phase, amount in enumerate(amounts, 1):
                        currents[name].add_metric([site, fuse.fuse, f"L{phase}"], amount)
            for trouble, count in sorted(found.items()):
                troubles.add_metric([site, trouble], count)
        yield from currents.values()
        yield troubles

    def _of_inspection(self) -> Iterator[Metric]:
        if self._inspection is None:
            return
        figures = self._inspection()
        yield _gauge("inspection_running", "1 while the inspector's process is there.", int(figures.running))
        yield _gauge(
            "inspection_coverage", "Which part of the charge points is looked at, 0 to 1.", figures.coverage
        )
        yield _gauge(
            "inspection_lag_seconds", "Age of the oldest frames that wait to be looked at.", figures.lag_s
        )
        yield _counter("inspection_frames", "Frames that the inspector looked at.", figures.frames)
        yield _counter(
            "inspection_frames_dropped", "Frames that the inspector did not look at.", figures.left_out
        )
        yield _counter(
            "inspection_restarts", "How often the inspector's process was started again.", figures.restarts
        )
        yield _gauge(
            "inspection_memory_bytes", "Memory that the inspector's process takes up.", figures.memory_bytes
        )

    def _of_findings(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "voltline_findings_open", "Findings that are open and not muted.", labels=["severity"]
        )
        try:
            counted = self._findings()
        except StorageUnavailable:
            return
        for severity in Severity:
            family.add_metric([severity], counted.get(severity, 0))
        yield family

    def _of_file_jobs(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "voltline_file_jobs",
            "Jobs about firmware, diagnostics and logs, by kind and state.",
            labels=["kind", "state"],
        )
        try:
            counted = self._file_jobs()
        except StorageUnavailable:
            return  # the rest is wanted then more than ever
        for (kind, state), count in sorted(counted.items()):
            family.add_metric([kind, state], count)
        yield family


def _gauge(name: str, text: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(f"voltline_{name}", text, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"voltline_{name}", text, value=value)


def _histogram(name: str, text: str, bounds: Sequence[float], counts: Sequence[int], total: float) -> Metric:
    """`counts`: of each class alone, the last one without an upper bound."""
    buckets: list[tuple[str, Any]] = []
    below = 0
    for bound, count in zip([*map(str, map(float, bounds)), "+Inf"], counts, strict=True):
        below += count
        buckets.append((bound, below))
    return HistogramMetricFamily(f"voltline_{name}", text, buckets=buckets, sum_value=total)
