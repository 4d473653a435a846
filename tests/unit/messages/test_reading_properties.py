"""What holds for every message there is, and for everything that can be made of one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import PAYLOADS, broken, messages_of, payload_type, share_of_examples

from voltline.messages import (
    ACTIONS,
    Deviation,
    DeviationKind,
    ErrorCode,
    Mode,
    Payload,
    Reading,
    Side,
    encode,
    read_request,
    read_response,
)
from voltline.messages.shapes import Field, Text, Word, shape_of

every_payload = pytest.mark.parametrize("name", PAYLOADS)


def read(name: str, raw: bytes | str, mode: Mode = Mode.TOLERANT) -> Reading[Any]:
    action, side = PAYLOADS[name]
    reader = read_request if side == "Request" else read_response
    return reader(ACTIONS[action], raw, mode)


@every_payload
def test_what_is_written_is_read_back_the_same_and_without_deviation_in_both_modes(name: str) -> None:
    @share_of_examples(10)
    @given(messages_of(payload_type(name)))
    def holds(message: Payload) -> None:
        written = encode(message)
        for mode in Mode:
            assert read(name, written, mode) == Reading(message)

    holds()


@every_payload
def test_the_patient_reader_agrees_with_the_fast_one(name: str) -> None:
    """Spaces, escapes and another order send a message the long way. It must come to the same."""

    @share_of_examples(5)
    @given(messages_of(payload_type(name)))
    def holds(message: Payload) -> None:
        turned = json.loads(encode(message), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        # An escaped letter in a key keeps the fast reader off: escapes can hide a quote.
        escaped = json.dumps(turned, indent=1).replace('"connectorId"', '"\\u0063onnectorId"')
        assert read(name, escaped, Mode.STRICT) == Reading(message)

    holds()


@every_payload
def test_a_mutated_message_is_read_with_deviations_or_refused_with_a_code(name: str) -> None:
    @share_of_examples(20)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        message = data.draw(messages_of(payload_type(name)))
        raw = data.draw(broken(encode(message)))
        tolerant, strict = read(name, raw), read(name, raw, Mode.STRICT)

        assert tolerant.deviations == strict.deviations
        assert (tolerant.message is None) == any(not one.usable for one in tolerant.deviations)
        assert (strict.message is None) == bool(strict.deviations)
        for reading in (tolerant, strict):
            refusal = reading.refusal
            assert (refusal is None) == (reading.message is not None)
            if refusal is not None:
                assert isinstance(refusal.code, ErrorCode)
                assert refusal in reading.deviations
        assert tolerant.message is None or isinstance(tolerant.message, payload_type(name))
        for one in tolerant.deviations:
            check_presentable(one)

    holds()


def check_presentable(deviation: Deviation) -> None:
    """It can be stored, logged and shown as it is."""
    assert deviation.path.startswith("$")
    assert deviation.text
    assert deviation.text.isprintable()
    assert len(deviation.text) < 400
    assert msgspec.json.decode(msgspec.json.encode(deviation), type=Deviation) == deviation


@every_payload
def test_what_tolerant_reading_kept_can_be_written_and_read_again(name: str) -> None:
    @share_of_examples(10)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        message = data.draw(messages_of(payload_type(name)))
        kept = read(name, data.draw(broken(encode(message)))).message
        if kept is None:
            return
        again = read(name, encode(kept)).message
        assert again is not None
        assert encode(again) == encode(kept)

    holds()


def keeping_fields(name: str) -> list[Field]:
    """The fields of a payload that keep any text: words (but those of commands) and texts with a limit."""
    action, side = PAYLOADS[name]
    command = side == "Request" and ACTIONS[action].sent_by == {Side.CENTRAL_SYSTEM}
    kinds = Text if command else Text | Word
    return [
        field
        for field in shape_of(payload_type(name)).fields
        if isinstance(field.shape, kinds) and getattr(field.shape, "max_length", 1) is not None
    ]


@pytest.mark.parametrize("name", [name for name in PAYLOADS if keeping_fields(name)])
def test_over_long_texts_and_unknown_words_keep_what_was_sent(name: str) -> None:
    @share_of_examples(5)
    @given(messages_of(payload_type(name)), st.sampled_from(keeping_fields(name)))
    def holds(message: Payload, field: Field) -> None:
        is_text = isinstance(field.shape, Text)
        sent = "Zz" * 6000 if is_text else "NoSuchWord"
        raw = json.loads(encode(message)) | {field.wire: sent}
        reading = read(name, json.dumps(raw))
        kind = DeviationKind.TOO_LONG if is_text else DeviationKind.UNKNOWN_VALUE
        assert [(one.path, one.kind, one.usable) for one in reading.deviations] == [
            (f"$.{field.wire}", kind, True)
        ]
        assert getattr(reading.message, field.name) == sent
        assert json.loads(encode(reading.message))[field.wire] == sent

    holds()
