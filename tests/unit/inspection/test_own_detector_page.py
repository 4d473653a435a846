"""The detector that docs/howto/inspect-logs.md shows works as it stands, in a folder and in a package."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.choosing import Chosen, InvalidDetector, choose

PAGE = Path(__file__).parents[3] / "docs/howto/inspect-logs.md"


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


def slow_boot(chosen: Chosen) -> str:
    log = Log()
    message_id = log.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    log.later(6).answer(
        message_id, {"currentTime": "2026-03-01T08:00:03Z", "interval": 60, "status": "Accepted"}
    )
    (finding,) = log.inspected(*chosen.detectors, settings=dict(chosen.settings))[0]
    return finding.text


def installed(folder: Path, entry_points: str) -> None:
    """What an installed package leaves where Python looks for modules."""
    about = folder / "acme_rules-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_points)


def test_the_detector_of_the_page_works_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "slow_boot.py").write_text(example("python"))
    chosen = choose(("ACME1",), folders=(str(tmp_path),), settings=(("ACME1", "after_s", "2"),))
    assert slow_boot(chosen) == "It took 6.0 s."


@pytest.mark.parametrize("what", ["", ":SlowBoot"])
def test_the_detector_of_the_page_works_in_a_package(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = tomllib.loads(example("toml"))["project"]["entry-points"]["voltline.detectors"]
    assert points == {"acme": "acme_rules"}
    (tmp_path / "acme_rules.py").write_text(example("python"))
    installed(tmp_path, f"[voltline.detectors]\nacme = {points['acme']}{what}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_rules", raising=False)
    assert slow_boot(choose(("ACME1",))) == "It took 6.0 s."


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("nowhere_at_all", "cannot be loaded: ModuleNotFoundError"),
        ("json:dumps", "is no detector"),
        ("voltline.inspection.detectors.r01_unanswered_call:Settings", "is no detector"),
        ("incomplete_rules", "lacks severity, basis"),
        ("twice_rules", "two detectors have the id R01"),
    ],
)
def test_a_package_without_a_usable_detector_is_named(
    point: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = "from voltline.inspection.detector import Detector\n\nclass Own(Detector):\n"
    (tmp_path / "incomplete_rules.py").write_text(f'{begin}    id = "ACME2"\n    title = "T"\n')
    from_r01 = "from voltline.inspection.detectors.r01_unanswered_call import UnansweredCall\n\n"
    (tmp_path / "twice_rules.py").write_text(f"{from_r01}class Own(UnansweredCall):\n    pass\n")
    installed(tmp_path, f"[voltline.detectors]\nacme = {point}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidDetector, match=told):
        choose()
