"""What is anonymized names nobody, is the same everywhere, and shows the same faults."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.logbook.steve_log import HIDDEN, OTHER_TAG, STATIONS, TAG, full_log

from voltline.inspection.findings import Severity
from voltline.inspection.registry import all_detectors
from voltline.logbook.anonymizing import Anonymizer
from voltline.logbook.frames import seen_in
from voltline.logbook.inspecting import inspect
from voltline.logbook.opening import sources
from voltline.logbook.reports.as_csv import TABLES, csv_table
from voltline.logbook.reports.as_html import html_report
from voltline.logbook.reports.as_json import json_report
from voltline.logbook.reports.as_junit import junit_report
from voltline.logbook.reports.as_sarif import sarif_report
from voltline.logbook.reports.as_trace import trace_lines
from voltline.logbook.result import Result
from voltline.logbook.sensitive import Kind

FIXTURES = Path(__file__).parents[2] / "corpus" / "logs"
SAMPLES = Path(__file__).parents[4] / "shared" / "field" / "samples"
LOGS = [*sorted(FIXTURES.iterdir()), *sorted(SAMPLES.glob("v*"))]


def anonymizer_of(log: Path, key: bytes = b"a key") -> Anonymizer:
    anonymizer = Anonymizer(key)
    anonymizer.learn(one.record for one in seen_in(sources([log])))
    return anonymizer


def anonymous_trace(log: Path) -> bytes:
    return b"".join(trace_lines(anonymizer_of(log).all_seen(seen_in(sources([log])))))


def told(result: Result) -> Any:
    """What was found, without the names of who it was found at."""
    findings = [
        (one.detector, one.title, one.connector, one.severity, one.count, one.first_at, len(one.evidence))
        for one in result.inspected.findings
    ]
    sessions = [
        (one.connector, one.transaction_id, one.energy_wh, one.started_at, one.stopped_at, one.ending)
        for one in result.inspected.sessions
    ]
    return result.frames - result.repeated, sorted(findings, key=str), sessions


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return full_log().write(tmp_path / f"{STATIONS[0]}.log")


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_an_anonymized_trace_shows_the_same_faults(path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(anonymous_trace(path))
    assert told(inspect([trace])) == told(inspect([path]))


def test_nothing_that_names_somebody_is_left_in_any_form(log: Path) -> None:
    anonymizer = anonymizer_of(log)
    result = anonymizer.result(inspect([log], footage=True))
    detectors = all_detectors()
    shown = [
        b"".join(json_report(result)),
        html_report(result),
        junit_report(result, detectors, Severity.INFO),
        sarif_report(result, detectors, Path("/")),
        anonymous_trace(log),
        *(
            b"".join(csv_table(name, result, lambda: anonymizer.all_seen(seen_in(sources([log])))))
            for name in TABLES
        ),
    ]
    for form in shown:
        text = form.decode().casefold()
        assert [value for value in HIDDEN if value.casefold() in text] == []
        for part in ("00:1a:2b", "abcdef99", "diag:s3"):
            assert part not in text


def test_a_value_has_one_pseudonym_in_every_field_and_text(log: Path) -> None:
    anonymizer = anonymizer_of(log)
    result = anonymizer.result(inspect([log]))
    tag, other = anonymizer.pseudonym(Kind.TAG, TAG), anonymizer.pseudonym(Kind.TAG, OTHER_TAG.upper())
    assert [one.id_tag for one in result.inspected.sessions] == [tag, other, tag]
    trace = anonymous_trace(log).decode()
    lines = [json.loads(line) for line in trace.splitlines()]
    assert any(line.get("payload", {}).get("info") == f"by {tag}" for line in lines)
    (data,) = (line["payload"]["data"] for line in lines if "data" in line.get("payload", {}))
    assert json.loads(data)["idTag"] == tag
    assert {line["chargePointId"] for line in lines} == {
        anonymizer.pseudonym(Kind.STATION, station) for station in STATIONS
    }


def test_the_marks_on_a_timeline_stay_with_their_findings(tmp_path: Path) -> None:
    log = full_log("A", "B").write(tmp_path / "a.log")
    result = anonymizer_of(log).result(inspect([log], footage=True))
    keys = {one.key for one in result.inspected.findings}
    marked = {mark.finding for footage in result.inspected.footage for mark in footage.marks}
    assert marked
    assert marked <= keys
    assert {one.station for one in result.inspected.stations} & {"A", "B"} == set()


def test_another_key_gives_other_pseudonyms_and_the_same_key_the_same(log: Path) -> None:
    one, same, other = (anonymizer_of(log, key).pseudonym(Kind.TAG, TAG) for key in (b"k", b"k", b"j"))
    assert one == same != other
    assert one.startswith("TAG-")
    assert len(one) <= 20


@pytest.mark.parametrize(
    ("kind", "value", "length"),
    [
        (Kind.TAG, "A", 14),
        (Kind.TAG, "A" * 20, 14),
        (Kind.TAG, "A" * 26, 26),  # too long for an id tag, and to stay so
        (Kind.SERIAL, "S" * 25, 25),
        (Kind.SERIAL, "S" * 30, 30),
        (Kind.CERTIFICATE, "C" * 2000, 2000),
    ],
)
def test_a_pseudonym_fits_where_the_value_fitted(kind: Kind, value: str, length: int) -> None:
    assert len(Anonymizer(b"k").pseudonym(kind, value)) == length


@pytest.mark.parametrize("value", ["04\u00e4BC", "A\x07B", "B" * 30 + "\u2028"])
def test_a_character_that_no_id_tag_may_have_stays_as_evidence(value: str) -> None:
    shown = Anonymizer(b"k").pseudonym(Kind.TAG, value)
    (odd,) = (character for character in value if not " " <= character <= "~")
    assert shown.endswith(odd)
    assert len(shown) == max(14, len(value)) if len(value) > 20 else 14
    assert Anonymizer(b"k").pseudonym(Kind.TAG, shown) == shown


@pytest.mark.parametrize("text", ["", "  ", "****", "(removed)"])
def test_blank_and_masked_values_stay(text: str) -> None:
    assert Anonymizer(b"k").pseudonym(Kind.KEY, text) == text


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        ('[2, "1","Authorize",{ "idTag":  12345678}]', '[2, "1","Authorize",{ "idTag":  '),
        ('[2,"1","Authorize",{"idTag":"04E3F8', '[2,"1","Authorize",{"idTag":"TAG-'),
        (r'[2,"1","DataTransfer",{"data":"{\"idTag\":\"04E3F8\.,\"x\":1}"}]',
         r'[2,"1","DataTransfer",{"data":"{\"idTag\":\"'),
        ('[2,"1","Authorize",{"idTag":"04\\u00453"}', '[2,"1","Authorize",{"idTag":"TAG-'),
        ('[3,"1",{"configurationKey":[{"value":"s3cret99","key":"AuthorizationKey"}]}]',
         '[3,"1",{"configurationKey":[{"value":"KEY-'),
        ('[2,"1","X",{"format":"SignedData","value":"OCMF|{}"}]',
         '[2,"1","X",{"format":"SignedData","value":"SIGNED-'),
        ('[2,"1","X",{"value":"12345678","unit":"Wh"}]', '[2,"1","X",{"value":"12345678","unit":"Wh"}]'),
        ('[2,"1","BootNotification",{"firmwareVersion":"10.2.3.4"}]',
         '[2,"1","BootNotification",{"firmwareVersion":"10.2.3.4"}]'),
    ],
)  # fmt: skip
def test_a_frame_keeps_its_spelling_and_its_faults(frame: str, kept: str) -> None:
    shown = Anonymizer(b"k").frame(frame)
    assert shown.startswith(kept)
    assert ("04E3F8" in shown, "s3cret99" in shown, "OCMF" in shown) == (False, False, False)
    if kept == frame:
        assert shown == frame


def test_a_number_as_id_tag_stays_a_number_of_as_many_digits() -> None:
    shown = json.loads(Anonymizer(b"k").frame('[2,"1","Authorize",{"idTag":12345678}]'))[3]["idTag"]
    assert isinstance(shown, int)
    assert shown != 12345678
    assert len(str(shown)) == 8


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        (
            "wss://user:pw123@back.acme.com:9000/ocpp?x=y123",
            ("user:", "pw123", "acme", "y123"),
            ":9000/ocpp?x=",
        ),
        ("connected from 192.168.1.20:5000", ("192.168",), ":5000"),
        ("at 12:34:56 from fe80::1a2b:3c4d", ("fe80",), "at 12:34:56 from "),
        ("eth0 00:1A:2B:3C:4D:5E up", ("00:1A",), " up"),
        ("mail to jane.doe@acme.de", ("jane", "acme"), "mail to "),
        ("Authorization: Basic dXNlcjpwYXNz", ("dXNlc",), "Basic "),
        ("key=AuthorizationKey,value=geheim99", ("geheim",), "key=AuthorizationKey,value="),
        ("iccid=8949020000012345678", ("894902",), "iccid="),
        ("127.0.0.1 is localhost", (), "127.0.0.1 is localhost"),
        ("OpenWrt local7.info at 23:41:46.159", (), "OpenWrt local7.info at 23:41:46.159"),
    ],
)
def test_addresses_and_keys_are_found_in_free_text(text: str, gone: tuple[str, ...], kept: str) -> None:
    shown = Anonymizer(b"k").text(text)
    assert [part for part in gone if part in shown] == []
    assert kept in shown


def test_words_of_ocpp_are_never_taken_for_a_value(tmp_path: Path) -> None:
    log = full_log()
    log.ask("Authorize", '{"idTag":"Charging"}', '{"idTagInfo":{"status":"Accepted"}}')
    log.ask("StatusNotification", '{"connectorId":1,"errorCode":"NoError","status":"Charging"}')
    trace = anonymous_trace(log.write(tmp_path / "a.log")).decode()
    assert '"status":"Charging"' in trace
    assert '"idTag":"Charging"' not in trace


def test_message_ids_with_an_identity_in_them_stay_ids(tmp_path: Path) -> None:
    log = full_log()
    for number in range(2):
        message_id = f"{STATIONS[1]}-20260301080000123-{number}"  # 30 characters; 36 are allowed
        log.later(1).say("Received: ", f'[2,"{message_id}","Heartbeat",{{}}]')
        log.later(1).say("Sending: ", f'[3,"{message_id}",{{"currentTime":"{log.clock}"}}]')
    path, trace = log.write(tmp_path / "a.log"), tmp_path / "t.jsonl"
    trace.write_bytes(anonymous_trace(path))
    assert told(inspect([trace])) == told(inspect([path]))
    assert STATIONS[1] not in trace.read_text()
