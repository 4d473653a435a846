"""Whatever happens to a charge point: every frame that it sends is one of OCPP 1.6.

tests/conformance_walk.py does the same with a million frames.
"""

from pathlib import Path

import pytest
from tests.property.frame_walk import ASKED, FrameWalk
from tests.property.judge import Judge

FRAMES = 20_000
STEPS = 150
SENT_WITHOUT_CERTIFICATES = {
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
}


def test_frames_of_random_scenarios_break_no_schema():
    judge, seed = Judge(), 0
    while judge.frames < FRAMES:
        walk = FrameWalk(seed, judge)
        for _ in range(STEPS):
            walk.step()
        seed += 1
    assert set(judge.judged) >= SENT_WITHOUT_CERTIFICATES
    for action in ASKED:
        assert judge.judged[f"{action.name} answer"] + judge.judged[f"{action.name} refused"], action.name


def test_our_own_schemas_judge_where_the_official_ones_are_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.property.judge.SCHEMAS", Path("/nowhere"))
    judge = Judge()
    walk = FrameWalk(0, judge)
    for _ in range(STEPS):
        walk.step()
    assert judge.frames > 50
    with pytest.raises(AssertionError, match=r"Authorize, \$\.idTag"):
        judge.call('[2,"1","Authorize",{"idTag":"123456789012345678901"}]')


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[2,"1","Heartbeat",{"a":1}]', r"Heartbeat, \$: .*'a'"),
        ('[2,"1","Authorize",{"idTag":"123456789012345678901"}]', r"Authorize, \$\.idTag"),
        (
            '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"None","status":"Available"}]',
            "errorCode",
        ),
        (
            '[2,"1","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":1,"timestamp":"2026-03-01"}]',
            r"\$\.timestamp",
        ),
        ('[2,"","Heartbeat",{}]', '"",'),
        ('[3,"1","Heartbeat",{}]', "3"),
        ('[2,"1","Heartbeat"]', '"Heartbeat"'),
    ],
)
def test_judge_sees_what_is_none(text: str, complaint: str):
    with pytest.raises(AssertionError, match=complaint):
        Judge().call(text)


def test_judge_takes_multiples_of_a_tenth_for_what_they_are():
    limit = '{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":%s}]}'
    answer = '[3,"1",{"status":"Accepted","chargingSchedule":%s}]'
    Judge().result("GetCompositeSchedule", answer % (limit % "16.1"))
    with pytest.raises(AssertionError, match="limit"):
        Judge().result("GetCompositeSchedule", answer % (limit % "16.11"))
