"""What is counted, and what Prometheus is told of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.central_api.fakes import UNAVAILABLE, FakeWriter

from voltline.central.command_log import CommandStatistics
from voltline.central.counts import MessageCounts, SessionCounts
from voltline.central.domain.commands import CommandState
from voltline.central.metrics import Metrics
from voltline.central.storage.group_commit import Statistics
from voltline.rpc import Session

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Peer:
    """As much of a connection as is counted."""

    def __init__(self, *, malformed: int = 0, serving: int = 0) -> None:
        self.session = Session()
        self.session.counters.malformed = malformed
        self.serving = serving


class Counted:
    """Everything that metrics are made of."""

    def __init__(self) -> None:
        self.peers: list[Any] = []
        self.messages = MessageCounts()
        self.sessions = SessionCounts()
        self.commands = CommandStatistics()
        self.writer = FakeWriter()
        self.commits = Statistics()
        self.file_jobs: Mapping[tuple[str, str], int] | Exception = {("logs", "done"): 2}

    def _file_jobs(self) -> Mapping[tuple[str, str], int]:
        if isinstance(self.file_jobs, Exception):
            raise self.file_jobs
        return self.file_jobs

    def samples(self) -> Samples:
        metrics = Metrics(
            connections=lambda: self.peers,
            messages=self.messages,
            sessions=self.sessions,
            commands=self.commands,
            writer=self.writer,
            commits=self.commits,
            deviations=lambda: 3,
            frames_dropped=lambda: 4,
            file_jobs=self._file_jobs,
        )
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(metrics.text().decode())
            for sample in family.samples
        }


@pytest.fixture
def counted() -> Counted:
    return Counted()


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"voltline_{name}", frozenset(labels.items())]


def test_messages_are_counted_by_action_and_outcome(counted: Counted) -> None:
    messages = counted.messages
    messages.handled["StartTransaction"] = 10
    messages.refuse(Peer(), "StartTransaction", "InternalError", True)  # type: ignore[arg-type]
    messages.refuse(Peer(), "StartTransaction", "FormationViolation", False)  # type: ignore[arg-type]
    samples = counted.samples()
    assert one(samples, "messages_total", action="StartTransaction", outcome="answered") == 9
    assert one(samples, "messages_total", action="StartTransaction", outcome="InternalError") == 1
    assert one(samples, "messages_total", action="StartTransaction", outcome="FormationViolation") == 1


def test_charge_points_cannot_make_up_labels(counted: Counted) -> None:
    for number in range(100):
        counted.messages.refuse(Peer(), f"Evil{number}", "NotImplemented", False)  # type: ignore[arg-type]
    samples = counted.samples()
    assert one(samples, "messages_total", action="other", outcome="NotImplemented") == 100
    assert not any("Evil" in str(labels) for _, labels in samples)


def test_what_a_connection_counted_stays_counted_when_it_ends(counted: Counted) -> None:
    counted.peers = [Peer(malformed=2, serving=1), Peer(malformed=1)]
    assert one(counted.samples(), "frames_irregular_total", kind="malformed") == 3
    assert one(counted.samples(), "connections") == 2
    assert one(counted.samples(), "calls_unanswered") == 1
    counted.sessions.ended(counted.peers.pop())
    assert one(counted.samples(), "frames_irregular_total", kind="malformed") == 3
    assert one(counted.samples(), "connections") == 1


def test_commands_are_counted_by_outcome_and_duration(counted: Counted) -> None:
    counted.commands.open = 3
    counted.commands.end("Reset", CommandState.ANSWERED, 0.02)
    counted.commands.end("Reset", CommandState.TIMED_OUT, 99)
    samples = counted.samples()
    assert one(samples, "commands_open") == 1
    assert one(samples, "commands_total", action="Reset", outcome="no-answer") == 1
    assert one(samples, "command_duration_seconds_bucket", le="0.01") == 0
    assert one(samples, "command_duration_seconds_bucket", le="0.025") == 1
    assert one(samples, "command_duration_seconds_bucket", le="60.0") == 1
    assert one(samples, "command_duration_seconds_bucket", le="+Inf") == 2
    assert one(samples, "command_duration_seconds_count") == 2
    assert one(samples, "command_duration_seconds_sum") == pytest.approx(99.02)


def test_batches_are_counted_by_size_and_duration(counted: Counted) -> None:
    counted.commits.batch(1, 0.001)
    counted.commits.batch(2000, 20.0)
    samples = counted.samples()
    assert one(samples, "commit_batch_size_bucket", le="1.0") == 1
    assert one(samples, "commit_batch_size_bucket", le="1000.0") == 1
    assert one(samples, "commit_batch_size_bucket", le="+Inf") == 2
    assert one(samples, "commit_batch_size_sum") == 2001
    assert one(samples, "commit_duration_seconds_bucket", le="0.001") == 1
    assert one(samples, "commit_duration_seconds_count") == 2


def test_metrics_are_told_while_the_database_is_away(counted: Counted) -> None:
    assert one(counted.samples(), "file_jobs", kind="logs", state="done") == 2
    counted.file_jobs = UNAVAILABLE
    counted.writer.last_error = "disk full"
    samples = counted.samples()
    assert one(samples, "storage_healthy") == 0
    assert not any(name == "voltline_file_jobs" for name, _ in samples)
