"""What a person reads in real logs, the inspector says too. Skipped where the samples are absent."""

from pathlib import Path

import pytest

from voltline.inspection.findings import Severity
from voltline.logbook.inspecting import inspect

SAMPLES = Path(__file__).parents[4] / "shared/field/samples"

# File: frames, lines left out, then transaction ids with their energy in Wh, then what is above info.
EXPECTED = {
    "v01_homeassistant_goe_v4_with_tracebacks.log": (44, 77, {1766486654: 23}, {"M06"}),
    "v06_ha_websockets_truncated_frames.log": (12, 18, {}, set()),
    "v08_kwwhat_csv_two_sessions.csv": (66, 1, {1009: 1600, 1010: 1600}, {"R01", "M02"}),
    "v09_openocpp_trace_v11.jsonl": (3, 0, {}, set()),
    "v10_libocpp_plain_two_connectors.log": (34, 0, {10: 53, 11: 0}, set()),
    "v13_everest_steve_docker_compose.log": (4, 2, {}, set()),
    "v20_delta_acmax_ocpp16j_collage.log": (1, 0, {}, {"E01", "E04"}),
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the project")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_log_is_understood_as_a_person_does(name: str) -> None:
    frames, skipped, sessions, above_info = EXPECTED[name]
    result = inspect([SAMPLES / name])
    inspected = result.inspected
    assert (result.frames, result.skipped) == (frames, skipped)
    assert {one.transaction_id: round(one.energy_wh or 0) for one in inspected.sessions} == sessions
    assert {one.detector for one in inspected.findings if one.severity is not Severity.INFO} == above_info
