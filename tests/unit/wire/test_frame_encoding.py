"""OCPP-J 1.6, 4.2: the frames that we write."""

import json

import pytest

from voltline.messages.error_codes import ErrorCode
from voltline.wire.errors import LocalProtocolError
from voltline.wire.frames import (
    CallFrame,
    Malformed,
    NumericId,
    decode,
    encode_call,
    encode_error,
    encode_result,
)


@pytest.mark.requirement("FRM-05", "FRM-06", "FRM-07", "FRM-13")
def test_frames_are_compact_and_have_their_exact_elements() -> None:
    assert encode_call("a1", "Heartbeat", b"{}") == '[2,"a1","Heartbeat",{}]'
    assert encode_result("a1", b'{"status":"Accepted"}') == '[3,"a1",{"status":"Accepted"}]'
    assert (
        encode_error("a1", ErrorCode.NOT_SUPPORTED, "no", b'{"x":1}')
        == '[4,"a1","NotSupported","no",{"x":1}]'
    )


@pytest.mark.requirement("FRM-22", "FRM-23")
def test_error_with_nothing_to_say_has_empty_text_and_empty_object() -> None:
    assert encode_error("a1", "GenericError", "") == '[4,"a1","GenericError","",{}]'


@pytest.mark.requirement("FRM-21")
def test_misspelt_codes_are_sent_as_the_specification_spells_them() -> None:
    assert '"FormationViolation"' in encode_error("a", ErrorCode.FORMATION_VIOLATION, "")
    assert '"OccurenceConstraintViolation"' in encode_error("a", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "")


@pytest.mark.requirement("FRM-11")
@pytest.mark.parametrize("written", ['"a\\"b"', '"\\\\"', '"\\u0001\\n"', '"é😀"', "42", "-1.50e3", '""'])
def test_id_is_echoed_as_the_value_that_it_was(written: str) -> None:
    for text in (f'[2,{written},"Heartbeat",{{}}]', f'[2,{written},"Heartbeat",{{"x":}}]'):
        frame = decode(text)
        assert isinstance(frame, CallFrame | Malformed)
        if frame.message_id is None:
            continue
        for answer in (encode_result(frame.message_id, b"{}"), encode_error(frame.message_id, "x", "y")):
            # As text, so that 1.50 stays 1.50.
            element = json.loads(answer, parse_float=NumericId, parse_int=NumericId)[1]
            assert element == json.loads(written, parse_float=NumericId, parse_int=NumericId)
            assert (answer[3] == '"') == (written[0] == '"')


def test_description_is_cut_at_255_characters() -> None:
    assert json.loads(encode_error("a", "GenericError", "x" * 255))[3] == "x" * 255
    assert json.loads(encode_error("a", "GenericError", "x" * 256))[3] == "x" * 254 + "…"


def test_description_with_half_a_surrogate_pair_can_be_sent() -> None:
    encode_error("a", "GenericError", "bad \ud800 text").encode()


def test_no_frame_has_a_line_end() -> None:
    payload = b'{\r\n  "a": "x\\ny"\n}'
    for text in (
        encode_call("a\nb", "Data\nTransfer", payload),
        encode_result("a\nb", payload),
        encode_error("a\nb", "x\ny", "two\r\nlines", payload),
    ):
        assert "\n" not in text
        assert "\r" not in text
        assert json.loads(text)[1] == "a\nb"
        assert json.loads(text)[-1] == {"a": "x\ny"}


@pytest.mark.requirement("FRM-08")
@pytest.mark.parametrize("message_id", ["", "x" * 37])
def test_call_with_an_id_that_ocpp_does_not_allow_is_not_written(message_id: str) -> None:
    with pytest.raises(LocalProtocolError, match="1 to 36"):
        encode_call(message_id, "Heartbeat", b"{}")


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"{}"', b"{", b'{"a":"\xff"}'])
def test_payload_that_is_no_object_is_not_written(payload: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="payload must be"):
        encode_result("a", payload)


def test_id_that_is_not_unicode_is_not_written() -> None:
    with pytest.raises(LocalProtocolError, match="Unicode"):
        encode_call("a\ud800", "Heartbeat", b"{}")
