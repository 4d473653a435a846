"""Every format of the field is read to the frames that a person finds in it. Fixtures are our own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from voltline.inspection.records import NO_YEAR, Damage, Direction, Record, RecordKind
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read
from voltline.wire.frame_types import Malformed
from voltline.wire.frames import decode

FIXTURES = Path(__file__).parents[2] / "corpus" / "logs"
SAMPLES = Path(__file__).parents[4] / "shared" / "field" / "samples"
STATION, CENTRAL, UNKNOWN = Direction.FROM_STATION, Direction.FROM_CENTRAL, Direction.UNKNOWN

# file: lines, frames, connection lines, notes, lines skipped, formats, kinds of damage
FOUND = {
    "f01_python_plain.txt": (6, 4, 0, 0, 2, {"python-ocpp": 4}, {}),
    "f02_home_assistant.txt": (12, 4, 0, 0, 7, {"python-ocpp": 4}, {}),
    "f03_websockets_debug.txt": (8, 4, 2, 0, 2, {"websockets-debug": 4}, {"truncated": 2}),
    "f04_python_formatted.txt": (6, 6, 0, 0, 0, {"python-ocpp": 6}, {}),
    "f05_steve.txt": (6, 3, 2, 0, 1, {"steve": 3}, {"mended": 1}),
    "f06_evcc.txt": (6, 4, 0, 0, 2, {"evcc": 4}, {}),
    "f07_ocpp_go.txt": (6, 4, 1, 0, 1, {"ocpp-go": 4}, {}),
    "f08_libocpp.txt": (30, 3, 2, 0, 2, {"libocpp": 3}, {"truncated": 1}),
    "f09_libocpp.html": (15, 3, 1, 0, 4, {"libocpp-html": 3}, {}),
    "f10_micro_ocpp.txt": (9, 6, 1, 0, 1, {"micro-ocpp": 6}, {"split": 1, "rejoined": 1}),
    "f11_firmware_c.txt": (4, 2, 0, 0, 1, {"firmware-c": 2}, {"rejoined": 1}),
    "f12_embedded.txt": (4, 4, 0, 0, 0, {"firmware-cpp": 2, "tx-rx": 2}, {"unescaped": 2}),
    "f13_delta_acmax.txt": (5, 2, 1, 2, 0, {"delta-syslog": 2}, {"rebuilt": 1}),
    "f14_qt_charger.txt": (2, 0, 0, 2, 0, {}, {}),
    "f15_ocpp_core_pasted.txt": (2, 2, 0, 0, 0, {"ocpp-core-dump": 2}, {}),
    "f16_simulators.txt": (
        15, 9, 0, 0, 1,
        {"websocket-words": 2, "simulator-arrows": 5, "sap-simulator": 2},
        {"unescaped": 2, "truncated": 1},
    ),
    "f17_open_ocpp_trace.jsonl": (3, 3, 0, 0, 0, {"open-ocpp-trace": 1, "json objects": 2}, {"rebuilt": 2}),
    "f18_debugkit.json": (12, 2, 0, 0, 0, {"json document": 2}, {}),
    "f19_citrineos.csv": (4, 2, 0, 0, 1, {"csv": 2}, {}),
    "f19_kwwhat.csv": (5, 4, 0, 0, 1, {"csv": 4}, {}),
    "f19_portal.csv": (4, 2, 0, 0, 2, {"csv": 2}, {"rebuilt": 2}),
    "f20_objects.txt": (2, 2, 0, 0, 0, {"json objects": 2}, {"rebuilt": 2}),
    "f21_chat_paste.txt": (10, 6, 0, 0, 3, {"bare frames": 6}, {"mended": 1, "truncated": 2}),
    "f22_ocpp_go_in_evcc.txt": (4, 2, 1, 0, 1, {"evcc": 2}, {}),
    "f23_journal_cut.txt": (5, 4, 0, 0, 1, {"evcc": 4}, {"truncated": 2}),
    "f24_websockets_plain.txt": (5, 4, 1, 0, 0, {"websockets-debug": 2, "python-ocpp": 2}, {}),
    "f25_times_of_day.txt": (5, 4, 1, 0, 0, {"micro-ocpp": 4}, {}),
    "f26_dates.txt": (10, 10, 0, 0, 0, {"other words": 10}, {}),
    "f27_months_first.txt": (3, 3, 0, 0, 0, {"other words": 3}, {}),
    "f28_arrows_that_part.txt": (9, 7, 0, 0, 2, {"other words": 5, "bare frames": 2}, {}),
    "f29_tags_and_dumps.txt": (4, 5, 0, 0, 0, {"other words": 5}, {"unescaped": 3, "split": 1}),
    "f30_pairs.csv": (2, 2, 0, 0, 1, {"csv": 2}, {}),
    "f31_frames.json": (11, 2, 0, 0, 0, {"json document": 2}, {}),
    "f32_structured.jsonl": (5, 6, 0, 0, 0, {"json log": 6}, {}),
    "f33_other_languages.txt": (3, 3, 0, 0, 0, {"other words": 2, "tx-rx": 1}, {"unescaped": 2}),
    "f35_compose.txt": (11, 2, 0, 0, 0, {"other words": 1, "json document": 1}, {"unescaped": 1}),
    "f36_day_and_time.csv": (3, 2, 0, 0, 1, {"csv": 2}, {"rebuilt": 2}),
    "f37_flags.jsonl": (2, 2, 0, 0, 0, {"json log": 2}, {}),
    "f38_german_and_soap.txt": (3, 2, 0, 0, 1, {"other words": 2}, {}),
    "f39_without_ids.csv": (3, 4, 0, 0, 1, {"csv": 4}, {"rebuilt": 4}),
    "f40_names_and_whole_minutes.txt": (10, 10, 0, 0, 0, {"other words": 10}, {}),
    "f34_steve_spreadsheet.txt": (2, 2, 0, 0, 0, {"steve": 2}, {"mended": 1}),
}  # fmt: skip

# The same of the real logs that are not ours to copy.
FOUND_IN_SAMPLES = {
    "v01_homeassistant_goe_v4_with_tracebacks.log": (142, 44, 0, 0, 77, {"python-ocpp": 44}, {}),
    "v06_ha_websockets_truncated_frames.log": (31, 12, 1, 0, 18, {"websockets-debug": 12}, {"truncated": 7}),
    "v08_kwwhat_csv_two_sessions.csv": (67, 66, 0, 0, 1, {"csv": 66}, {}),
    "v09_openocpp_trace_v11.jsonl": (3, 3, 0, 0, 0, {"open-ocpp-trace": 3}, {}),
    "v10_libocpp_plain_two_connectors.log": (358, 34, 1, 2, 0, {"libocpp": 34}, {}),
    "v13_everest_steve_docker_compose.log": (6, 4, 0, 0, 2, {"steve": 4}, {}),
    "v20_delta_acmax_ocpp16j_collage.log": (7, 1, 1, 5, 0, {"delta-syslog": 1}, {"rebuilt": 1}),
}


def reading(path: Path) -> tuple[list[Record], Coverage]:
    (source,) = sources([path])
    coverage = Coverage(source.name)
    return list(read(source, coverage)), coverage


def frames(path: Path) -> list[Record]:
    return [record for record in reading(path)[0] if record.kind is RecordKind.FRAME]


def seen(coverage: Coverage) -> tuple[object, ...]:
    damage = {str(kind): count for kind, count in coverage.damage.items()}
    told = (coverage.lines, coverage.frames, coverage.connections, coverage.notes, coverage.skipped)
    return (*told, coverage.formats, damage)


@pytest.mark.parametrize("name", FOUND)
def test_each_format_is_read_to_the_frames_a_person_finds(name: str) -> None:
    records, coverage = reading(FIXTURES / name)
    assert seen(coverage) == FOUND[name]
    assert coverage.problem is None
    assert coverage.frames == sum(record.kind is RecordKind.FRAME for record in records)


@pytest.mark.parametrize("name", FOUND_IN_SAMPLES)
def test_real_logs_are_read_to_the_frames_a_person_finds(name: str) -> None:
    if not (SAMPLES / name).exists():
        pytest.skip("the samples of the field are not here")
    assert seen(reading(SAMPLES / name)[1]) == FOUND_IN_SAMPLES[name]


def test_every_fixture_is_in_the_table() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_a_frame_that_bears_no_damage_is_a_frame(name: str) -> None:
    for record in frames(FIXTURES / name):
        if not record.truncated:
            assert not isinstance(decode(record.text), Malformed), record


@pytest.mark.parametrize("name", FOUND)
def test_every_line_is_accounted_for(name: str) -> None:
    coverage = reading(FIXTURES / name)[1]
    told = coverage.frame_lines + coverage.connections + coverage.notes + coverage.blank + coverage.skipped
    assert told == coverage.lines


@pytest.mark.parametrize("name", FOUND)
def test_a_name_tells_nothing_of_the_format(name: str, tmp_path: Path) -> None:
    renamed = tmp_path / "evidence.bin"
    renamed.write_bytes((FIXTURES / name).read_bytes())
    assert seen(reading(renamed)[1]) == FOUND[name]


def test_formats_may_be_mixed_in_one_file(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    names = [
        name
        for name in FOUND
        if name not in {"f08_libocpp.txt", "f21_chat_paste.txt", "f35_compose.txt"} and ".csv" not in name
    ]
    mixed.write_bytes(b"\n".join((FIXTURES / name).read_bytes() for name in names))
    assert reading(mixed)[1].frames == sum(FOUND[name][1] for name in names)


def test_an_excerpt_that_is_valid_json_is_told_by_its_length() -> None:
    excerpt = frames(FIXTURES / "f03_websockets_debug.txt")[2]
    assert excerpt.text == '[2,"g1","GetC...Profiles"]'
    assert excerpt.truncated
    whole = frames(FIXTURES / "f03_websockets_debug.txt")[3]
    assert whole.text == '[3,"g1",{"...":"..."}]'
    assert not whole.truncated


def test_station_and_connection_come_from_what_stands_before_a_frame() -> None:
    of = {name: frames(FIXTURES / name) for name in FOUND}
    assert [record.station for record in of["f04_python_formatted.txt"]] == ["DEPOT-7"] * 2 + [
        "DEPOT-8"
    ] * 2 + ["4521"] * 2
    assert of["f02_home_assistant.txt"][-1].station is None
    assert {(record.station, record.connection) for record in of["f05_steve.txt"]} == {("DEPOT-7", "aa11-22")}
    assert {record.station for record in of["f06_evcc.txt"]} == {"DEPOT-7"}
    assert [record.station for record in of["f07_ocpp_go.txt"]] == [None, None, "DEPOT-7", "DEPOT-7"]
    assert {record.station for record in of["f18_debugkit.json"]} == {"DEPOT-7"}
    assert reading(FIXTURES / "f03_websockets_debug.txt")[0][0].station == "DEPOT-7"


def test_direction_is_absolute_only_where_the_log_says_so() -> None:
    def directions(name: str) -> list[tuple[Direction, bool | None]]:
        return [(record.direction, record.sent) for record in frames(FIXTURES / name)]

    assert directions("f01_python_plain.txt")[:2] == [(UNKNOWN, False), (UNKNOWN, True)]
    assert directions("f06_evcc.txt")[:2] == [(STATION, False), (CENTRAL, True)]
    assert directions("f07_ocpp_go.txt") == [
        (STATION, True),
        (CENTRAL, False),
        (UNKNOWN, False),
        (UNKNOWN, True),
    ]
    assert directions("f08_libocpp.txt")[:2] == [(STATION, None), (CENTRAL, None)]
    assert directions("f10_micro_ocpp.txt")[:2] == [(STATION, True), (CENTRAL, False)]
    assert directions("f15_ocpp_core_pasted.txt") == [(STATION, None), (CENTRAL, None)]
    assert directions("f17_open_ocpp_trace.jsonl") == [(STATION, None), (CENTRAL, None), (CENTRAL, None)]
    assert directions("f21_chat_paste.txt")[0] == (UNKNOWN, None)


def test_times_are_those_of_the_log_with_its_zone_or_without() -> None:
    def first(name: str) -> datetime | None:
        return frames(FIXTURES / name)[0].at

    local = datetime(2026, 3, 1, 7, 0)  # noqa: DTZ001  the log has no zone
    assert first("f01_python_plain.txt") is None
    assert first("f04_python_formatted.txt") == local.replace(microsecond=589000)
    assert first("f06_evcc.txt") == local
    assert first("f08_libocpp.txt") == datetime(2026, 3, 1, 6, 0, 0, 455000, UTC)
    assert first("f12_embedded.txt") == local
    assert first("f13_delta_acmax.txt") == datetime(NO_YEAR, 2, 17, 23, 41, 46, 159000)  # noqa: DTZ001
    assert first("f15_ocpp_core_pasted.txt") == datetime(2026, 3, 1, 6, 0, 0, 233800)  # noqa: DTZ001
    assert frames(FIXTURES / "f16_simulators.txt")[5].at == local.replace(second=3)
    assert frames(FIXTURES / "f18_debugkit.json")[1].at == datetime(2026, 3, 1, 6, 0, 0, 694000, UTC)


def test_frames_over_several_lines_are_joined_and_marked_where_a_value_was_broken() -> None:
    wrapped = frames(FIXTURES / "f11_firmware_c.txt")[0]
    assert (
        wrapped.text == '[2,"1","BootNotification",{"chargePointVendor":"Fictive","chargePointModel":"Box"}]'
    )
    assert wrapped.damage == (Damage.REJOINED,)
    assert wrapped.line == 1
    pretty = frames(FIXTURES / "f08_libocpp.txt")[0]
    assert pretty.damage == ()
    assert pretty.line == 4


def test_a_list_in_a_program_text_is_no_frame() -> None:
    assert all('"a"' not in record.text for record in frames(FIXTURES / "f02_home_assistant.txt"))


def test_a_file_with_its_newest_line_first_is_turned_round() -> None:
    records, coverage = reading(FIXTURES / "f19_kwwhat.csv")
    assert coverage.newest_first
    assert [record.line for record in records] == [5, 4, 3, 2]


def test_a_charger_that_logs_keys_and_values_gets_its_calls_back() -> None:
    rebuilt = frames(FIXTURES / "f13_delta_acmax.txt")[1]
    assert rebuilt.text == '[2,"c1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]'
    assert (rebuilt.direction, rebuilt.damage) == (CENTRAL, (Damage.REBUILT,))


def test_columns_without_a_frame_are_put_together_to_one() -> None:
    call, answer = frames(FIXTURES / "f19_portal.csv")
    assert call.text == '[2,"h1","Heartbeat",{}]'
    assert answer.text == '[3,"h1",{"currentTime":"2026-03-01T06:00:00Z"}]'
    assert (call.sent, answer.sent) == (False, True)
