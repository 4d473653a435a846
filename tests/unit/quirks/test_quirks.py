"""Quirks are read, matched and told; a file that cannot be used says why."""

from pathlib import Path

import pytest

from voltline.quirks import Registry, corrected, ping_interval_s
from voltline.quirks.loading import InvalidQuirks, built_in, read, unmatched, with_own
from voltline.quirks.versions import InvalidRange, VersionRange, version_of

OWN = """
[[quirk]]
id = "acme-long-tags"
like = "remote-tag-length"
[[quirk.match]]
vendor = "Acme*"
firmware = ">=2, <2.1"
"""


def ids(
    registry: Registry, vendor: str | None, model: str | None = None, firmware: str | None = None
) -> set[str]:
    return {one.id for one in registry.of("CP1", vendor, model, firmware)}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("01.26.39", "01.26.40"),
        ("1.26.9", "1.26.40"),
        ("V1.26.40-rc1", "v1.26.40"),
        ("1.26.40-beta2", "1.26.40-rc1"),
        ("DC10_v1.26.39", "DC22_v1.26.40"),
        ("1.26.39 (2023-05-04)", "1.26.40 (2021-01-01)"),
        ("052", "053.1"),
        ("1.26", "1.26.1"),
    ],
)
def test_versions_are_compared_as_charge_points_write_them(older: str, newer: str) -> None:
    low, high = version_of(older), version_of(newer)
    assert low is not None and high is not None
    assert low < high
    assert VersionRange(f"<{newer}").holds(older)
    assert not VersionRange(f"<{newer}").holds(newer)
    assert not VersionRange(f">{older}, <={older}").holds(newer)


@pytest.mark.parametrize(
    ("one", "other"), [("01.26.40", "V1.26.40"), ("1.2", "1.02.0"), ("1.2", "Build 1.2 b")]
)
def test_versions_that_differ_in_writing_only_are_the_same(one: str, other: str) -> None:
    assert VersionRange(f"=={one}").holds(other)


@pytest.mark.parametrize("unknown", [None, "", "latest"])
def test_firmware_that_is_not_told_is_taken_to_have_the_fault(unknown: str | None) -> None:
    assert VersionRange("<1").holds(unknown)


@pytest.mark.parametrize("text", ["", "1.2", "<", "< beta", "<1,", "=1"])
def test_a_range_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRange, match="not a condition"):
        VersionRange(text)


def test_delta_below_01_26_40_has_its_limit_of_ten_periods() -> None:
    registry = built_in()
    for model in ("AC MAX", "acmax 22kW", "AC_MAX"):
        assert ids(registry, "Delta Electronics", model, "01.26.39") == {"delta-ac-max-ten-periods"}
    assert not ids(registry, "DELTA", "AC MAX", "01.26.40")
    assert not ids(registry, "DELTA", "DC Wallbox", "01.26.39")
    assert not ids(registry, None, None, None)
    (quirk,) = registry.of("CP1", "Delta", "AC MAX", None)
    assert (quirk.facts.max_schedule_periods, quirk.facts.stalls_above_max_periods_s) == (10, 31)


def test_every_quirk_that_comes_with_voltline_is_about_somebody_or_to_be_assigned() -> None:
    assert {one.id for one in unmatched(built_in())} == {
        "remote-tag-length",
        "availability-per-connector",
        "status-of-connector-0-only",
    }
    assert ids(built_in(), "ABB") == {"abb-reboots-after-measurands"}
    assert ids(built_in(), "Huawei Technologies") == {"huawei-stop-below-start"}


def test_idle_sockets_of_an_ocular_are_pinged_in_time() -> None:
    assert ping_interval_s(built_in().of("CP1", "Ocular", "IQ Wallbox", None)) == 55
    assert ping_interval_s(built_in().of("CP1", "Acme", "One", None)) is None


def test_readings_are_put_right_and_others_left_alone() -> None:
    go_e = built_in().of("CP1", "go-e", "Charger", "053.2")
    assert corrected(go_e, "Temperature", "Celsius", "25300") == ("25.3", "Celsius", "go-e-milli-degrees")
    assert corrected(go_e, "Voltage", "V", "230") is None
    assert corrected(go_e, "Temperature", "Celsius", "warm") is None
    assert corrected(go_e, "Temperature", "Celsius", "1e999999999") is None
    evse = built_in().of("CP1", "OpenEVSE", None, None)
    assert corrected(evse, "Energy.Active.Import.Register", "Wh", "4.25") == (
        "4250",
        "Wh",
        "openevse-kwh-as-wh",
    )
    assert corrected(evse, "Energy.Active.Import.Register", "kWh", "4.25") is None


def test_an_operators_own_quirks_are_read_and_come_before_others(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(OWN)
    registry = with_own(tmp_path)
    (quirk,) = registry.of("CP1", "ACME Inc", "M", "2.0.5")
    assert (quirk.id, quirk.facts.max_remote_id_tag_length) == ("acme-long-tags", 16)
    assert not registry.of("CP1", "ACME Inc", "M", "2.1")
    assert len(registry) == len(built_in()) + 1
    (tmp_path / "acme.toml").write_text(OWN.replace("acme-long-tags", "delta-ac-max-ten-periods"))
    assert not with_own(tmp_path).of("CP1", "Delta", "AC MAX", "1")
    assert len(with_own(tmp_path / "absent")) == len(built_in())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[quirk", "not TOML"),
        ("", "required field `quirk`"),
        ('[[quirk]]\nid = "A b"', "quirk[0].id"),
        ('[[quirk]]\nid = "a"', "lacks"),
        ('[[quirk]]\nid = "a"\ntitle = "T"\nwrong = "W"\n[quirk.facts]', "lacks"),
        ('[[quirk]]\nid = "a"\nlike = "b"', "which is not there"),
        (OWN + "max = 3", "max"),
        (OWN.replace("<2.1", "2.1"), "not a condition"),
        (OWN.replace("Acme*", "*"), "met by everything"),
        (OWN + OWN, "two quirks"),
        (
            '[[quirk]]\nid="a"\ntitle="T"\nwrong="W"\n[quirk.facts]\nreading_faults='
            '[{measurand="T", unit="C", factor="nan", means="C"}]',
            "above 0",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong_with_it(text: str, told: str) -> None:
    with pytest.raises(InvalidQuirks) as raised:
        read(text, "own.toml", {one.id: one for one in built_in()})
    assert "own.toml" in str(raised.value)
    assert told in str(raised.value)
