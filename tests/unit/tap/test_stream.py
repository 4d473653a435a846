"""WebSocket frames are found in any stream, however it is cut; what is too large passes in parts."""

from hypothesis import given
from hypothesis import strategies as st

from voltline.tap.stream import BINARY, CLOSE, TEXT, FrameReader, MessageReader, closing, encoded

PING = 0x9


def fragment(opcode: int, payload: bytes, *, last: bool) -> bytes:
    whole = encoded(opcode, payload, masked=True)
    return whole if last else bytes((whole[0] & 0x7F,)) + whole[1:]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True) if a < b]


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=400), st.booleans()), max_size=8),
    st.lists(st.integers(0, 5000), max_size=12),
)
def test_messages_are_the_same_however_the_stream_is_cut(
    sent: list[tuple[int, bytes, bool]], cuts: list[int]
) -> None:
    stream = b"".join(encoded(opcode, payload, masked=masked) for opcode, payload, masked in sent)
    reader = MessageReader()
    found = [one for piece in pieces(stream, cuts) for one in reader.feed(piece)]
    assert [(one.opcode, one.data) for one in found] == [(opcode, payload) for opcode, payload, _ in sent]
    assert b"".join(raw for one in found for raw in one.raw) == stream
    assert not reader.frames.within


def test_fragments_are_put_together_and_a_ping_may_come_between() -> None:
    stream = (
        fragment(TEXT, b'[2,"1",', last=False)
        + encoded(PING, b"x", masked=True)
        + fragment(0, b'"Heartbeat",', last=False)
        + fragment(0, b"{}]", last=True)
        + encoded(TEXT, b"next", masked=True)
    )
    found = MessageReader().feed(stream)
    assert [(one.opcode, one.data) for one in found] == [
        (PING, b"x"),
        (TEXT, b'[2,"1","Heartbeat",{}]'),
        (TEXT, b"next"),
    ]
    assert sorted(b"".join(raw for one in found for raw in one.raw)) == sorted(stream)


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_what_is_too_large_passes_in_parts_and_the_next_message_is_seen(cuts: list[int]) -> None:
    stream = (
        encoded(TEXT, b"a" * 1000, masked=True)
        + fragment(TEXT, b"b" * 60, last=False)
        + fragment(0, b"b" * 60, last=False)
        + fragment(0, b"", last=True)
        + encoded(TEXT, b"seen", masked=True)
    )
    reader = MessageReader(most_bytes=100)
    found = [one for piece in pieces(stream, cuts) for one in reader.feed(piece)]
    assert b"".join(raw for one in found for raw in one.raw) == stream
    assert found[-1].data == b"seen"
    assert all(one.data is None for one in found[:-1])
    assert len([one for one in found if one.size]) == 2


def test_a_stream_that_stands_inside_a_frame_says_so() -> None:
    reader = FrameReader()
    whole = encoded(TEXT, b"hello", masked=False)
    assert reader.feed(whole[:3]) == []
    assert reader.within
    assert [one.payload for one in reader.feed(whole[3:])] == [b"hello"]
    assert not reader.within


def test_a_close_frame_of_ours_has_its_code_and_no_more_than_a_control_frame_holds() -> None:
    [frame] = FrameReader().feed(closing(1014, "x" * 300, masked=True))
    assert frame.first == 0x80 | CLOSE
    assert frame.payload == (1014).to_bytes(2, "big") + b"x" * 123
