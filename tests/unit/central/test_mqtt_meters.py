"""What a meter publishes is read as it was described, or said to be unreadable, with the reason."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.mqtt_meters import (
    MOST_BYTES,
    MeterUnit,
    MqttReading,
    MqttSource,
    Phases,
    Positive,
    Unreadable,
    mqtt_problems,
    told,
)
from voltline.central.domain.site_readings import Flow
from voltline.central.domain.sites import SiteDefinition, definition_problems, with_known_password
from voltline.smart_charging.site.tree import Fuse

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHELLY = {"a_current": 4.031, "b_current": 0.5, "c_current": 10, "total_act_power": -3450.0}


def reading(**fields: Any) -> MqttReading:
    return MqttReading(**{"topic": "meter", "fuse": "grid"} | fields)


def flow(payload: object, **fields: Any) -> Flow | None:
    one = reading(**fields)
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Phases().flow(one, told(one, text, NOON))


def source(*readings: MqttReading, **fields: Any) -> MqttSource:
    return MqttSource(host="broker", readings=readings, **fields)


# ---- payloads


def test_three_paths_are_the_three_phases() -> None:
    assert flow(SHELLY, paths=("$.a_current", "$.b_current", "$.c_current")) == Flow(NOON, (4.031, 0.5, 10.0))


def test_a_plain_number_is_read_without_a_path() -> None:
    assert flow(b" 12.5\n") == Flow(NOON, (12.5, 12.5, 12.5))


def test_power_of_all_phases_together_stays_power() -> None:
    assert flow(SHELLY, paths=("total_act_power",), unit=MeterUnit.W) == Flow(NOON, None, -3450.0)


def test_power_of_phases_is_told_in_amperes() -> None:
    found = flow([2.3, 0, 0.23], paths=("$[0]", "$[1]", "$[2]"), unit=MeterUnit.KW)
    assert found is not None and found.phases_a == pytest.approx((10.0, 0.0, 1.0))


def test_what_is_exported_is_below_zero() -> None:
    one = {"positive": Positive.EXPORT, "unit": MeterUnit.MA}
    assert flow(b"5000", **one) == Flow(NOON, (-5.0, -5.0, -5.0))


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ('$["1.7.0"].value', {"1.7.0": {"value": "7.5"}}),
        ("$['em:0'].phases[2]", {"em:0": {"phases": [0, 0, 7.5]}}),
        ("ENERGY.Current[1]", {"ENERGY": {"Current": [1, 7.5]}}),
        ("$.a-b.c_d", {"a-b": {"c_d": 7.5}}),
        ("$", 7.5),
    ],
)
def test_a_path_finds_its_number(path: str, payload: object) -> None:
    found = flow(payload, paths=(path,))
    assert found is not None and found.phases_a == (7.5, 7.5, 7.5)


@pytest.mark.parametrize(
    ("payload", "fields", "said"),
    [
        (b"", {}, "'' is no number"),
        (b"nan", {}, "'nan' is no number"),
        (b"1_0", {}, "'1_0' is no number"),
        (b"1e9", {}, "1e+09 A cannot be"),
        (b"\xff\xfe", {}, "is no number"),
        (b"{", {"paths": ("$.a",)}, "no JSON"),
        (b'{"b": 1}', {"paths": ("$.a",)}, "$.a: there is no 'a' in '{\"b\":1}'"),
        (b'{"a": true}', {"paths": ("$.a",)}, "$.a: 'true' is no number"),
        (b'{"a": [1]}', {"paths": ("$.a[1]",)}, "there is no 1 in '[1]'"),
        (b'{"a": 1, "t": "noon"}', {"paths": ("$.a",), "time_path": "$.t"}, "$.t: 'noon' is no time"),
        (b'{"a": 1, "t": "2026-03-01T12:00:00"}', {"paths": ("a",), "time_path": "t"}, "without its zone"),
        (b"[" * 5000, {"paths": ("$.a",)}, "no JSON"),
        (b"1" * (MOST_BYTES + 1), {}, "are too much"),
    ],
)
def test_what_cannot_be_read_says_why(payload: bytes, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable) as found:
        flow(payload, **fields)
    assert said in str(found.value)
    assert len(str(found.value)) < 300


@given(st.binary(max_size=200), st.sampled_from(["$", "$.a", "$.a[0]", '$["x y"]']), st.booleans())
def test_no_payload_does_more_than_be_unreadable(payload: bytes, path: str, timed: bool) -> None:
    one = reading(paths=(path,), time_path="$.t" if timed else None)
    try:
        found = told(one, payload, NOON)
    except Unreadable:
        return
    assert abs(found.amounts[0]) <= 100_000


@pytest.mark.parametrize("at", ["2026-03-01T13:00:00+01:00", NOON.timestamp(), NOON.timestamp() * 1000])
def test_a_time_in_the_payload_counts(at: object) -> None:
    found = flow({"a": 3, "t": at}, paths=("$.a",), time_path="$.t")
    assert found is not None and found.at == NOON


def test_phases_of_three_topics_count_from_the_oldest_on() -> None:
    phases = Phases()
    for seconds, phase in ((0, 1), (5, 2)):
        one = reading(topic=f"L{phase}", phase=phase)
        assert phases.flow(one, told(one, b"4", NOON + timedelta(seconds=seconds))) is None
    last = reading(topic="L3", phase=3)
    found = phases.flow(last, told(last, b"6", NOON + timedelta(seconds=9)))
    assert found == Flow(NOON, (4.0, 4.0, 6.0))


# ---- descriptions


def test_a_description_that_is_right_has_no_problems() -> None:
    phases = [reading(topic=f"meter/{phase}", phase=phase) for phase in (1, 2, 3)]
    sun = MqttReading(topic="sun", unit=MeterUnit.W)
    assert list(mqtt_problems(source(*phases, sun, user="u", password="p"), ["grid"])) == []


@pytest.mark.parametrize(
    ("wrong", "path", "said"),
    [
        (source(reading(fuse="sky")), "mqtt.readings[0].fuse", "no fuse is called 'sky'"),
        (source(reading(topic="a/#")), "mqtt.readings[0].topic", "stands for many topics"),
        (source(reading(paths=("$..a",))), "mqtt.readings[0].paths[0]", "is no path"),
        (source(reading(paths=("$.a", "$.b"))), "mqtt.readings[0].paths", "three for L1, L2 and L3"),
        (source(reading(phase=1)), "mqtt.readings", "L1, L2 and L3 have to be read"),
        (source(reading(), reading(topic="b")), "mqtt.readings[1]", "is read by another one"),
        (source(MqttReading(topic="sun")), "mqtt.readings[0].fuse", "the sun's surplus"),
        (source(reading(time_path="$.t")), "mqtt.readings[0].paths", "say where its number stands"),
        (source(reading(), password="p"), "mqtt.user", "give both"),
        (source(reading(), ca="x"), "mqtt.ca", "tls: true"),
        (MqttSource(host="mqtt://h", readings=(reading(),)), "mqtt.host", "is no host"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong: MqttSource, path: str, said: str) -> None:
    site = SiteDefinition(name="S", fuses=(Fuse(name="grid", rating_a=10.0),), mqtt=wrong)
    assert [(at, said in text) for at, text in definition_problems(site)] == [(path, True)]


def test_a_password_left_out_stays_for_the_same_user_at_the_same_broker_only() -> None:
    def site(**fields: Any) -> SiteDefinition:
        return SiteDefinition(name="S", fuses=(), mqtt=source(reading(), **fields))

    def kept(after: SiteDefinition) -> str | None:
        found = with_known_password(after, site(user="u", password="p")).mqtt
        return None if found is None else found.password

    assert kept(site(user="u")) == "p"
    assert kept(site(user="u", password="new")) == "new"
    assert kept(site(user="v")) is None
    assert kept(site(user="u", port=1)) is None
    assert kept(site(user="u", tls=True)) is None
