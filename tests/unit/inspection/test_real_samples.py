"""What a person reads in real logs, the inspector says, and no more. Samples are skipped where absent."""

from pathlib import Path

import pytest

from voltline.logbook.inspecting import inspect

SAMPLES = Path(__file__).parents[4] / "shared/field/samples"
FIXTURES = Path(__file__).parents[2] / "corpus/logs"

Found = set[tuple[str, str, int | None]]
"""Detector, severity, and the first line that shows it."""

# File: frames, lines left out, then transaction ids with their energy in Wh, then all findings.
EXPECTED: dict[str, tuple[int, int, dict[int, int], Found]] = {
    "v01_homeassistant_goe_v4_with_tracebacks.log": (
        44,
        77,
        {1766486654: 23},
        {("M06", "warning", 34), ("C04", "info", 10)},
    ),
    "v06_ha_websockets_truncated_frames.log": (12, 18, {}, {("P02", "info", 20)}),
    "v08_kwwhat_csv_two_sessions.csv": (
        66,
        1,
        {1009: 1600, 1010: 1600},
        {("R01", "warning", 26), ("M02", "warning", 24), ("T15", "info", None)},
    ),
    "v09_openocpp_trace_v11.jsonl": (3, 0, {}, set()),
    "v10_libocpp_plain_two_connectors.log": (
        34,
        0,
        {10: 53, 11: 0},
        {("T12", "info", 132), ("T12", "info", 218), ("T15", "info", None)},
    ),
    "v13_everest_steve_docker_compose.log": (4, 2, {}, set()),
    "v20_delta_acmax_ocpp16j_collage.log": (
        1,
        0,
        {},
        {("E01", "warning", 2), ("E01", "warning", 7), ("E04", "warning", 1), ("R01", "info", 4)},
    ),
}

# Our own fixtures with anything to find; of the others nothing is said.
IN_FIXTURES: dict[str, Found] = {
    "f03_websockets_debug.txt": {("R09", "error", 4), ("P02", "info", 4)},
    # Two central systems and a charge point write into one file by loggers of one name.
    "f04_python_formatted.txt": {("R08", "warning", 5)},
    "f05_steve.txt": {("R01", "warning", 4)},
    "f08_libocpp.txt": {("P02", "info", 26)},
    "f13_delta_acmax.txt": {("E01", "warning", 5), ("R01", "info", 1), ("R01", "info", 3)},
    "f16_simulators.txt": {("P02", "info", 14), ("S01", "info", 8)},
    "f21_chat_paste.txt": {("P02", "info", 8)},
    "f23_journal_cut.txt": {("P02", "info", 1)},
    "f25_times_of_day.txt": {("C05", "warning", 2), ("P05", "info", 3)},
    "f27_months_first.txt": {("P05", "warning", 2)},
    "f40_names_and_whole_minutes.txt": {("R03", "warning", 9)},
    "f34_steve_spreadsheet.txt": {("R08", "info", 2)},
}


def found_in(file: Path) -> Found:
    return {
        (one.detector, str(one.severity), one.evidence[0].line if one.evidence else None)
        for one in inspect([file]).inspected.findings
    }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_log_is_understood_as_a_person_does(name: str) -> None:
    frames, skipped, sessions, findings = EXPECTED[name]
    result = inspect([SAMPLES / name])
    assert (result.frames, result.skipped) == (frames, skipped)
    energies = {one.transaction_id: round(one.energy_wh or 0) for one in result.inspected.sessions}
    assert energies == sessions
    assert found_in(SAMPLES / name) == findings


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
def test_every_sample_is_in_the_table() -> None:
    assert {file.name for file in SAMPLES.iterdir()} - {"README.md"} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(file.name for file in FIXTURES.iterdir()))
def test_fixtures_of_all_formats_have_the_findings_that_a_person_reads(name: str) -> None:
    assert found_in(FIXTURES / name) == IN_FIXTURES.get(name, set())


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("change", ["line ends", "byte order mark", "last line twice empty"])
def test_a_real_log_that_was_mailed_around_is_the_same_log(name: str, change: str, tmp_path: Path) -> None:
    data = (SAMPLES / name).read_bytes()
    if change == "line ends":
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    elif change == "byte order mark":
        data = b"\xef\xbb\xbf" + data.removeprefix(b"\xef\xbb\xbf")
    else:
        data += b"\n\n"
    (tmp_path / "mailed").write_bytes(data)
    assert found_in(tmp_path / "mailed") == EXPECTED[name][3]
