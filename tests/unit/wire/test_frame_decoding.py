"""OCPP-J 1.6, 4.1 and 4.2: what each text frame is read as."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.messages.error_codes import ErrorCode
from voltline.wire.frames import (
    CallErrorFrame,
    CallFrame,
    CallResultFrame,
    Frame,
    Ignored,
    Malformed,
    NumericId,
    decode,
    encode_call,
    encode_error,
    encode_result,
)
from voltline.wire.irregular import MAX_FRAME_LENGTH

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "corpus" / "frames.jsonl").read_text("utf-8").splitlines()
]
KINDS = {
    "call": CallFrame,
    "result": CallResultFrame,
    "error": CallErrorFrame,
    "ignored": Ignored,
    "malformed": Malformed,
}


def is_unicode(text: str) -> bool:
    """Whether the text can be sent as UTF-8: it has no half of a surrogate pair."""
    return not re.search("[\ud800-\udfff]", text)


def described(frame: Frame, as_in: dict[str, Any]) -> dict[str, Any]:
    """The frame in the corpus's words."""
    said: dict[str, Any] = {"frame": next(name for name, kind in KINDS.items() if type(frame) is kind)}
    if isinstance(frame, Ignored):
        return said
    said["message_id"] = frame.message_id
    if isinstance(frame.message_id, NumericId):
        said["numeric_id"] = True
    if isinstance(frame, Malformed):
        return said | {"code": frame.code}
    said["deviations"] = [[deviation.path, deviation.kind] for deviation in frame.deviations]
    if isinstance(frame, CallFrame):
        return said | {"action": frame.action, "payload": json.loads(bytes(frame.payload))}
    if isinstance(frame, CallResultFrame):
        if "unreadable" in as_in:
            return said | {"unreadable": bytes(frame.payload).decode()}
        return said | {"payload": json.loads(bytes(frame.payload))}
    description = None if as_in["description"] is None else frame.description
    return said | {
        "code": frame.code,
        "description": description,
        "details": json.loads(bytes(frame.details)),
    }


@pytest.mark.requirement("FRM-01", "FRM-03", "FRM-04", "FRM-05", "FRM-06", "FRM-07", "FRM-08", "FRM-13")
@pytest.mark.parametrize("line", CORPUS, ids=lambda line: line["name"])
def test_frame_of_the_corpus_is_read_as_it_says(line: dict[str, Any]) -> None:
    expected = {key: value for key, value in line.items() if key not in ("name", "text")}
    assert described(decode(line["text"]), expected) == expected


def test_names_in_the_corpus_are_unique() -> None:
    assert len({line["name"] for line in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize(
    "line", [line for line in CORPUS if is_unicode(line["text"])], ids=lambda line: line["name"]
)
def test_bytes_are_read_as_the_text_they_encode(line: dict[str, Any]) -> None:
    assert described(decode(line["text"].encode()), line) == described(decode(line["text"]), line)


@pytest.mark.requirement("FRM-20", "FRM-27")
def test_call_that_is_not_utf8_is_owed_an_error_when_its_id_is_certain() -> None:
    frame = decode(b'[2,"a","Heartbeat",{"x":"\xff"}]')
    assert isinstance(frame, Malformed)
    assert (frame.message_id, frame.code) == ("a", ErrorCode.FORMATION_VIOLATION)
    assert "UTF-8" in frame.text
    in_id = decode(b'[2,"a\xff","Heartbeat",{}]')
    assert isinstance(in_id, Malformed)
    assert in_id.message_id is None


@pytest.mark.parametrize("filling", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000])
def test_nesting_without_end_is_malformed_not_a_crash(filling: str) -> None:
    frame = decode(f'[2,"a","DataTransfer",{filling}]')
    assert isinstance(frame, Malformed)
    assert frame.message_id == "a"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        '[2,"' + "\\a" * 2_000_000,
        "[2," + "1" * 4_000_000,
        "[" + " " * 4_000_000,
        '[2,"a",\'' + '"\\' * 300_000,
        '[2,"a","B",{"x":"' + "\n" * 500_000,
        '[2,"a","B",{"x":"' + "\\ud800" * 150_000 + '"}]',
    ],
    ids=["escapes", "digits", "blanks", "quotes", "line ends", "half pairs"],
)
def test_long_hostile_frame_costs_time_in_proportion_to_its_length(text: str) -> None:
    assert isinstance(decode(text), Malformed | CallFrame)


def test_faulty_frame_over_the_limit_is_not_looked_into() -> None:
    frame = decode('[2,"a","DataTransfer",{"data":"' + "x" * MAX_FRAME_LENGTH + '"},0]')
    assert isinstance(frame, Malformed)
    assert frame.message_id == "a"
    assert str(MAX_FRAME_LENGTH) in frame.text


def test_payload_is_kept_digit_by_digit() -> None:
    raw = '{"value":1.50,"big":123456789012345678901234567890,"far":1e999}'
    frame = decode(f'[2,"a","DataTransfer",{raw}]')
    assert isinstance(frame, CallFrame)
    assert bytes(frame.payload) == raw.encode()


def test_faults_are_all_told_at_once() -> None:
    frame = decode('[4,7,null,5,"why",{},0]\0')
    assert isinstance(frame, CallErrorFrame)
    assert [deviation.path for deviation in frame.deviations] == ["$", "$[1]", "$", "$[2]", "$[3]", "$[4]"]
    assert all(deviation.text and deviation.usable for deviation in frame.deviations)


@pytest.mark.parametrize(
    "noted", ["[]", '[{"path":"$","kind":"missing","text":"t","code":"GenericError","usable":true}]']
)
@pytest.mark.parametrize("frame", ['[2,"a","Heartbeat",{}', '[3,"a",{}', '[4,"a","GenericError","",{}'])
def test_peer_cannot_write_what_we_note_of_its_frame(frame: str, noted: str) -> None:
    read = decode(f"{frame},{noted}]")
    assert isinstance(read, CallFrame | CallResultFrame | CallErrorFrame)
    (deviation,) = read.deviations
    assert "elements" in deviation.text


def test_unusable_answer_says_so() -> None:
    for text in ('[3,"a",5]', '[3,"a",{"x":}]', '[4,"a","b" "c"]'):
        frame = decode(text)
        assert isinstance(frame, CallResultFrame | CallErrorFrame)
        assert [deviation.usable for deviation in frame.deviations] == [False]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
# Near enough to a frame to get past the first look.
frame_like = st.builds(lambda kind, rest: [kind, *rest], st.integers(0, 5), st.lists(json_values, max_size=6))


def is_sound(frame: Frame) -> bool:
    """Whether the frame is one of the five, and what others rely on holds."""
    if isinstance(frame, CallFrame):
        return isinstance(json.loads(bytes(frame.payload)), dict)
    if isinstance(frame, CallErrorFrame):
        return isinstance(json.loads(bytes(frame.details)), dict)
    if isinstance(frame, Malformed) and frame.message_id is not None:
        # The CALLERROR that it is owed can be written, and names it.
        answer = decode(encode_error(frame.message_id, frame.code, frame.text))
        return isinstance(answer, CallErrorFrame) and answer.message_id == frame.message_id
    return isinstance(frame, Malformed | Ignored | CallResultFrame)


@given(st.text() | st.binary())
def test_decode_raises_for_no_text_whatever(text: str | bytes) -> None:
    assert is_sound(decode(text))


@given(frame_like.map(lambda value: json.dumps(value, ensure_ascii=False)), st.data())
def test_decode_raises_for_no_damaged_frame(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    inserted = data.draw(st.text(max_size=4))
    assert is_sound(decode(text[:start] + inserted + text[end:]))


ids = st.text(min_size=1, max_size=36).filter(is_unicode)
objects = st.dictionaries(
    st.text(max_size=5).filter(is_unicode),
    st.text(max_size=50).filter(is_unicode) | st.integers(-(2**53), 2**53),
    max_size=4,
)


@given(ids, ids, objects)
def test_what_is_written_is_read_back(message_id: str, action: str, payload: dict[str, Any]) -> None:
    raw = msgspec.json.encode(payload)
    call = decode(encode_call(message_id, action, raw))
    assert isinstance(call, CallFrame)
    assert (call.message_id, call.action, bytes(call.payload)) == (message_id, action, raw)
    result = decode(encode_result(message_id, raw))
    assert isinstance(result, CallResultFrame)
    assert (result.message_id, bytes(result.payload)) == (message_id, raw)
    error = decode(encode_error(message_id, action, "é", raw))
    assert isinstance(error, CallErrorFrame)
    assert (error.message_id, error.code, error.description) == (message_id, action, "é")
    assert bytes(error.details) == raw
    assert call.deviations == result.deviations == error.deviations == ()
