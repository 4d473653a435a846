"""The detector that docs/howto/inspect-logs.md shows works as it stands there."""

import re
from pathlib import Path

from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.choosing import choose

PAGE = Path(__file__).parents[3] / "docs/howto/inspect-logs.md"


def test_the_detector_of_the_page_finds_a_slow_boot(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "slow_boot.py").write_text(code)
    chosen = choose(only=("ACME1",), folders=(str(tmp_path),), settings=(("ACME1", "after_s", "2"),))
    log = Log()
    message_id = log.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    log.later(3).answer(
        message_id, {"currentTime": "2026-03-01T08:00:03Z", "interval": 60, "status": "Accepted"}
    )
    (finding,) = log.inspected(*chosen.detectors, settings=dict(chosen.settings))[0]
    assert finding.text == "It took 3.0 s."
