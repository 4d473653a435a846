"""Findings are opened, seen again, closed, opened anew, muted, and forgotten."""

from datetime import UTC, datetime, timedelta

import msgspec

from voltline.central.domain.findings import MOST_FINDINGS, FindingFilter, FindingState, Seen, ShownFrame
from voltline.central.domain.stations import StationKey
from voltline.central.services import findings, stations
from voltline.inspection.findings import Finding, Severity, Who

from .conftest import Storage
from .saying import NOON, at

DAY = timedelta(days=1)


def seen(key: StationKey, second: float = 0, **changes: object) -> Seen:
    finding = Finding(
        detector="T01",
        severity=Severity.ERROR,
        station="CP1",
        connector=1,
        first_at=at(second),
        last_at=at(second),
        title="Lost transaction id",
        text="Transaction 7 was stopped as 0.",
        evidence=(),
        who=Who.CHARGER_MAKER,
        next_step="Ask for a newer firmware.",
        basis=("OCPP 1.6, 4.10",),
    )
    frames = (ShownFrame(at(second), "in", f'[2,"{second}","StopTransaction",{{}}]'),)
    return Seen(key, msgspec.structs.replace(finding, **changes), frames)


def note(storage: Storage, *several: Seen, second: float = 0) -> int:
    return int(storage.do(findings.note, several, at(second), DAY))


def told(storage: Storage) -> list[tuple[str, dict[str, object]]]:
    events = storage.queries.events(kinds=("finding.opened", "finding.reopened", "finding.closed"))
    return [(one.kind, msgspec.json.decode(one.subject)) for one in events]


def test_fault_that_is_seen_is_on_record_with_what_shows_it_and_is_told(storage: Storage) -> None:
    key = storage.station()
    assert note(storage, seen(key)) == 0
    (kept,) = storage.queries.findings()
    assert (kept.identity, kept.connector_id, kept.detector) == ("CP1", 1, "T01")
    assert (kept.state, kept.severity, kept.count) == (FindingState.OPEN, Severity.ERROR, 1)
    assert kept.basis == ("OCPP 1.6, 4.10",)
    assert kept.frames == (ShownFrame(NOON, "in", '[2,"0","StopTransaction",{}]'),)
    assert (kept.first_at, kept.opened_at, kept.last_at) == (NOON, NOON, NOON)
    assert kept.closes_at == NOON + DAY
    assert storage.queries.finding(kept.id) == kept
    assert told(storage) == [
        (
            "finding.opened",
            {
                "finding_id": kept.id,
                "detector": "T01",
                "severity": "error",
                "title": "Lost transaction id",
                "text": "Transaction 7 was stopped as 0.",
                "connector_id": 1,
                "who": "charger maker",
                "count": 1,
                "closed_by": None,
            },
        )
    ]


def test_fault_that_is_seen_again_is_counted_and_not_told_again(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    note(storage, seen(key, 60, count=5, severity=Severity.WARNING), seen(key, 90), second=90)
    (kept,) = storage.queries.findings()
    assert (kept.count, kept.last_at, kept.closes_at) == (7, at(90), at(90) + DAY)
    assert kept.severity is Severity.ERROR
    assert [one.at for one in kept.frames] == [at(0), at(60), at(90)]
    assert len(told(storage)) == 1


def test_frames_of_a_finding_are_the_first_and_the_last_ones(storage: Storage) -> None:
    key = storage.station()
    note(storage, *(seen(key, second) for second in range(20)))
    (kept,) = storage.queries.findings()
    assert [one.at for one in kept.frames] == [at(0), at(1), at(2), at(17), at(18), at(19)]


def test_connectors_stations_and_faults_are_told_apart(storage: Storage) -> None:
    key, other = storage.station(), storage.station("CP2")
    note(storage, seen(key), seen(key, connector=None), seen(key, title="Another"), seen(other))
    assert len(storage.queries.findings()) == 4


def test_fault_that_is_not_seen_any_more_is_closed_while_its_station_talks(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    assert storage.do(findings.close_quiet, NOON + DAY) == 0  # it was not heard of since
    storage.do(stations.heard, {key: NOON + DAY})
    assert storage.do(findings.close_quiet, NOON + DAY - timedelta(seconds=1)) == 0
    assert storage.do(findings.close_quiet, NOON + DAY) == 1
    (kept,) = storage.queries.findings()
    assert (kept.state, kept.closed_at, kept.closed_by) == (FindingState.CLOSED, NOON + DAY, None)
    assert [kind for kind, _ in told(storage)] == ["finding.opened", "finding.closed"]


def test_findings_of_a_charge_point_that_was_removed_are_closed_in_time(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    storage.do(stations.remove, "CP1", at(10))
    assert storage.do(findings.close_quiet, at(20)) == 0
    assert storage.do(findings.close_quiet, NOON + DAY) == 1


def test_fault_that_comes_back_is_open_again_and_is_given_longer(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    (first,) = storage.queries.findings()
    storage.do(findings.close, first.id, "ann", "new firmware", at(10))
    note(storage, seen(key, 20), second=20)
    (kept,) = storage.queries.findings()
    assert (kept.id, kept.state, kept.times_opened) == (first.id, FindingState.OPEN, 2)
    assert (kept.opened_at, kept.closed_at, kept.closed_by, kept.note) == (at(20), None, None, None)
    assert kept.closes_at == at(20) + 2 * DAY
    assert [kind for kind, _ in told(storage)] == ["finding.opened", "finding.closed", "finding.reopened"]


def test_who_closes_a_finding_and_why_is_kept(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    (known,) = storage.queries.findings()
    kept = storage.do(findings.close, known.id, "ann", "fixed on site", at(10))
    assert kept is not None
    assert (kept.closed_by, kept.note, kept.closed_at) == ("ann", "fixed on site", at(10))
    assert storage.do(findings.close, known.id, "bob", "me too", at(20)) == kept
    assert storage.do(findings.close, 4711, "ann", None, at(20)) is None
    assert told(storage)[1][1]["closed_by"] == "ann"


def test_nobody_is_told_of_a_muted_finding(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key))
    (known,) = storage.queries.findings()
    assert storage.queries.open_findings(NOON) == {"error": 1}
    storage.do(findings.mute, known.id, True, at(100), "known to the maker")
    assert storage.queries.open_findings(NOON) == {}
    storage.do(findings.close, known.id, "ann", None, at(10))
    note(storage, seen(key, 20), second=20)
    assert [kind for kind, _ in told(storage)] == ["finding.opened"]
    assert storage.queries.open_findings(at(100)) == {"error": 1}
    storage.do(findings.mute, known.id, False, None, None)
    assert storage.queries.open_findings(NOON) == {"error": 1}
    (kept,) = storage.queries.findings()
    assert (kept.muted, kept.muted_until, kept.count) == (False, None, 2)


def test_findings_are_found_by_what_they_are(storage: Storage) -> None:
    key, other = storage.station(), storage.station("CP2")
    note(storage, seen(key), seen(other, 50, detector="C01", severity=Severity.INFO, connector=None))
    (first,) = storage.queries.findings(only=FindingFilter(identity="cp1"))
    storage.do(findings.close, first.id, "ann", None, at(10))

    def detectors(**only: object) -> list[str]:
        return [one.detector for one in storage.queries.findings(only=FindingFilter(**only))]  # type: ignore[arg-type]

    assert detectors() == ["C01", "T01"]
    assert detectors(station=other) == ["C01"]
    assert detectors(state=FindingState.CLOSED) == ["T01"]
    assert detectors(severities=(Severity.INFO, Severity.WARNING)) == ["C01"]
    assert detectors(detector="t") == ["T01"]
    assert detectors(detector="%") == []
    assert detectors(since=at(40)) == ["C01"]
    assert detectors(until=at(40)) == ["T01"]
    assert detectors(muted=True) == []
    assert [one.id for one in storage.queries.findings(before=2, limit=1)] == [1]
    assert storage.queries.finding(2**70) is None


def test_findings_of_one_station_do_not_grow_without_end(storage: Storage) -> None:
    key = storage.station()
    faults = [seen(key, title=f"Fault {number}") for number in range(MOST_FINDINGS)]
    assert note(storage, *faults) == 0
    assert note(storage, seen(key, title="one more")) == 1
    storage.do(findings.close, 5, "ann", None, at(10))
    assert note(storage, seen(key, title="one more")) == 0
    assert storage.count("findings") == MOST_FINDINGS
    assert storage.queries.finding(5) is None


def test_findings_that_were_closed_long_ago_are_forgotten(storage: Storage) -> None:
    key = storage.station()
    note(storage, seen(key), seen(key, title="Another"))
    storage.do(findings.close, 1, "ann", None, at(10))
    assert storage.do(findings.discard, at(10)) == 0
    assert storage.do(findings.discard, at(11)) == 1
    assert [one.title for one in storage.queries.findings()] == ["Another"]


def test_whatever_a_charge_point_wrote_into_its_frames_can_be_kept(storage: Storage) -> None:
    key = storage.station()
    odd = "\x00\ud800\u202e</script>'\"" + "x" * 5000
    frame = ShownFrame(NOON, "in", odd.encode("utf-8", "replace").decode())
    found = seen(key, title=odd, text=odd, connector=2**70)
    note(storage, Seen(key, found.finding, (frame,)))
    (kept,) = storage.queries.findings()
    assert kept.connector_id is None
    assert kept.frames == (frame,)
    assert kept.text.endswith("x")
    assert kept.first_at == datetime(2024, 5, 1, 12, tzinfo=UTC)
