"""YAML is read with the place of everything in it, and only what people can follow."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.station.simulator.yaml_text import (
    DEEPEST,
    LARGEST,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    Unreadable,
    read_yaml,
    unknown,
)


def plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return {name: plain(entry.node) for name, entry in node.entries.items()}
    return [plain(item) for item in node.items] if isinstance(node, Sequence) else node.value


def test_every_value_and_key_has_its_line_and_column():
    node = read_yaml("f", "a: 1\nb:\n  - x\n  - {c: y}\n")
    assert isinstance(node, Mapping)
    assert node.entries["b"].key_place == Place(2, 1)
    items = node.entries["b"].node
    assert isinstance(items, Sequence)
    assert [item.place for item in items.items] == [Place(3, 5), Place(4, 5)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("0492", "0492"),
        ("12:30", "12:30"),
        ("2026-03-01", "2026-03-01"),
        ("1_000", "1_000"),
        ("7", 7),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("~", None),
        ('"7"', "7"),
        ("'null'", "null"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_plain_words_stand_for_what_the_core_schema_says(text: str, value: object):
    found = plain(read_yaml("f", text))
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "f:1:1: the file is empty"),
        ("a: 1\na: 2\n", "f:2:1: 'a' stands here twice, first in line 1"),
        ("a: &x 1\nb: *x\n", "f:1:4: anchors are not taken here"),
        ("a: *x\n", "f:1:4: aliases are not taken here"),
        ("a: !!python/name:os.system x\n", "f:1:4: tags such as"),
        ("<<: {a: 1}\n", "f:1:1: a key is one word or text"),
        ("? [a]\n: b\n", "f:1:3: a key is one word or text"),
        ("a: 1\n---\nb: 2\n", "f:2:1: a second document"),
        ("a: [1\n", "no YAML"),
        ("a: \x00", "no YAML: a character that no text may have"),
        ('"\\ud83d"', "half a character"),
        ("[" * (DEEPEST + 2), "nested more than"),
        ("x" * (LARGEST + 1), "longer than"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_place(text: str, told: str):
    with pytest.raises(Unreadable) as raised:
        read_yaml("f", text)
    assert told in str(raised.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=15,
    )
)
def test_json_is_read_as_what_it_is(value: object):
    assert plain(read_yaml("f", json.dumps(value))) == value


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str):
    try:
        node = read_yaml("f", text)
    except Unreadable as error:
        assert len(error.problems) == 1
    else:
        assert isinstance(node, Scalar | Sequence | Mapping)


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    assert unknown("verb", "plgu", ["unplug", "plug"]) == (
        "no verb is called 'plgu'; did you mean 'plug'? there are plug, unplug"
    )
    assert unknown("verb", "zzz", ["plug"]) == "no verb is called 'zzz'; there are plug"
