"""Values are made and compared as the reference says."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.station.simulator.scenario.matching import (
    OPERATORS,
    Compared,
    Equals,
    Every,
    Fields,
    Pattern,
    in_words,
    mismatch,
    told,
)
from voltline.station.simulator.scenario.values import (
    Misread,
    Scope,
    Template,
    resolved,
    seconds,
    template,
)

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def scope(**variables: object) -> Scope:
    return Scope(variables, lambda: NOW, Random(1))


def made(text: str, **variables: object) -> object:
    return resolved(template(text), scope(**variables))


def test_a_variable_alone_keeps_its_type_and_within_a_text_becomes_text():
    assert made("$t", t=7) == 7
    assert made("${t}", t=[1]) == [1]
    assert made("$t/meter-values", t=7) == "7/meter-values"
    assert made("${left.id}!", **{"left.id": "CP"}) == "CP!"
    assert made("5 $$ for $who", who="me") == "5 $ for me"


def test_instants_are_told_as_ocpp_has_them():
    assert made("${now}") == "2026-03-01T08:00:00Z"
    assert made("${now + 90 s}") == "2026-03-01T08:01:30Z"
    assert made("${now - 2 h}") == "2026-03-01T06:00:00Z"


def test_chance_stays_within_its_bounds_and_shows_as_dots():
    for _ in range(50):
        assert made("${between 2 4}") in (2, 3, 4)
        assert made("${pick red green}") in ("red", "green")
        assert len(str(made("${hex 14}"))) == 14
    assert resolved(template("tag ${hex 4}"), scope().shown()) == "..."


def test_a_variable_that_has_no_value_yet_is_told():
    with pytest.raises(Misread, match="nothing was put into the variable 't' yet"):
        made("$t")
    assert resolved(template("$t"), scope().shown()) == "..."


@pytest.mark.parametrize(
    ("text", "length_s"), [("2", 2), ("2 s", 2), ("500 ms", 0.5), ("1.5min", 90), ("1 d", 86400)]
)
def test_durations(text: str, length_s: float):
    assert seconds(text) == length_s


@pytest.mark.parametrize("text", ["", "soon", "-1 s", "2 weeks", "s", "1e9", True])
def test_what_is_no_duration_is_told(text: object):
    with pytest.raises(Misread, match="is no duration"):
        seconds(text)


@given(st.text(max_size=30))
def test_every_text_is_a_value_or_is_told(text: str):
    try:
        value = template(text)
    except Misread:
        return
    assert isinstance(value, Template) or "$" not in text or "$$" in text or value == text


MESSAGE = {
    "connectorId": 1,
    "meterValue": [
        {"sampledValue": [{"measurand": "Voltage", "value": "231.0"}, {"measurand": "SoC", "value": "40"}]},
        {"sampledValue": [{"measurand": "Voltage", "value": "190.5"}]},
    ],
    "timestamp": "2026-03-01T08:00:00Z",
}


def why(pattern: Pattern) -> str | None:
    return mismatch(pattern, MESSAGE, scope(low=200))


def test_fields_that_stand_together_have_to_be_of_one_item():
    def reading(measurand: str, least: float) -> Pattern:
        value = Fields((("measurand", Equals(measurand)), ("value", Compared("at_least", least))))
        return Fields((("meterValue.sampledValue", value),))

    assert why(reading("Voltage", 231)) is None
    assert why(reading("SoC", 41)) == "meterValue.sampledValue.value is 40"


def test_a_path_goes_through_lists():
    path = "meterValue.sampledValue.measurand"
    assert why(Fields(((path, Equals("SoC")),))) is None
    assert why(Fields(((path, Compared("includes", ["SoC", "Voltage"])),))) is None
    assert "[Voltage, SoC, Voltage]" in str(why(Fields(((path, Compared("includes", ["SoC", "RPM"])),))))


def test_comparisons_take_numbers_written_as_texts_instants_and_variables():
    value = "meterValue.sampledValue.value"
    assert why(Fields(((value, Compared("above", 231.5)),))) is not None
    assert (
        why(Fields(((value, Every((Compared("at_least", template("$low")), Compared("below", 240)))),)))
        is None
    )
    assert (
        why(
            Fields(
                (("timestamp", Compared("between", ["2026-03-01T07:00:00Z", "2026-03-01T09:00:00+00:00"])),)
            )
        )
        is None
    )
    assert why(Fields((("connectorId", Equals("1")),))) is None


def test_presence_is_told_from_absence():
    assert why(Fields((("reservationId", Compared("present", False)),))) is None
    assert why(Fields((("connectorId", Compared("present", False)),))) == "connectorId is 1"
    assert why(Fields((("reservationId", Equals(3)),))) == "reservationId is absent, not 3"


def test_words_and_expressions():
    assert why(Fields((("timestamp", Compared("matches", "^2026")),))) is None
    assert why(Fields((("connectorId", Compared("not", 1)),))) == "connectorId is 1"
    assert why(Fields((("connectorId", Compared("one_of", [2, 1])),))) is None
    assert in_words(Fields((("power_w", Compared("at_least", 5)),)), scope()) == "power_w at least 5"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(VALUES, VALUES)
def test_comparing_any_two_values_gives_a_verdict(expected: object, actual: object):
    for name, operator in OPERATORS.items():
        if not operator.problem(expected):
            assert mismatch(Compared(name, expected), actual, scope()) in (None, f"it is {told(actual)}")


@given(VALUES)
def test_every_value_equals_itself(value: object):
    assert mismatch(Equals(value), value, scope()) is None
