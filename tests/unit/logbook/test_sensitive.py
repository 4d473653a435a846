"""Values in frames are found by their key, in whole frames and in what is left of broken ones."""

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.logbook.anonymizing import Anonymizer
from voltline.logbook.sensitive import Kind, Value, kind_of, replaced

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["idTag", "key", "value", "format", "a", "password"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    """Keys and kinds of values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return type(value)


@given(st.text() | st.text(alphabet='{}[]":,\\ai1 \n'))
def test_a_text_in_which_nothing_is_replaced_is_the_same_text(text: str) -> None:
    assert replaced(text, lambda value: value.text) == text


@given(JSON)
def test_json_keeps_its_shape(value: Any) -> None:
    shown = Anonymizer(b"k").frame(json.dumps([2, "1", "X", value]))
    assert shape(json.loads(shown)) == shape([2, "1", "X", value])


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("idTag", Kind.TAG),
        ("parent_id_tag", Kind.TAG),
        ("chargeBoxSerialNumber", Kind.SERIAL),
        ("AuthorizationKey", Kind.KEY),
        ("WiFi-Password", Kind.KEY),
        ("iccid", Kind.SIM),
        ("csr", Kind.CERTIFICATE),
        ("AuthorizationCacheEnabled", None),
        ("LocalAuthorizeOffline", None),
        ("transactionId", None),
        ("status", None),
    ],
)
def test_a_key_tells_what_stands_under_it(key: str, kind: Kind | None) -> None:
    assert kind_of(key) is kind


def values(text: str) -> dict[str, Kind]:
    found: dict[str, Kind] = {}

    def note(value: Value) -> str:
        if value.kind is not None:
            found[value.text] = value.kind
        return value.text

    replaced(text, note)
    return found


def test_elements_of_a_list_stand_under_the_key_of_the_list() -> None:
    assert values('{"idTags":["A",{"x":1},"B"],"b":"C"}') == {"A": Kind.TAG, "B": Kind.TAG}


def test_the_value_of_a_configuration_key_is_told_by_the_key_before_or_behind_it() -> None:
    text = '[{"key":"AuthorizationKey","value":"x1"},{"value":"x2","key":"ApiKey"},{"key":"A","value":"x3"}]'
    assert values(text) == {"x1": Kind.KEY, "x2": Kind.KEY}


@pytest.mark.parametrize("piece", ["a-", "a.", "a@", "1.", "ab:", "[", '{"a":', "\\", " ", "aa", "x=", '"'])
def test_a_hostile_text_costs_no_more_than_a_long_one(piece: str) -> None:
    anonymizer = Anonymizer(b"k")
    text = piece * 50_000
    began = process_time()
    anonymizer.frame(f'[2,"1","X",{{"a":"{piece * 20_000}"}}]')
    anonymizer.frame(text)
    anonymizer.text(text)
    assert process_time() - began < 5
