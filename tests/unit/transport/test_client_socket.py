"""The client's WebSocket against a server that does what the test says, byte by byte."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from voltline.transport.client_socket import ClientSocket, Refusal, open_socket
from voltline.wire.errors import NotConnected

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def accept(head: bytes, extra: str = "") -> bytes:
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
    assert key is not None
    token = base64.b64encode(hashlib.sha1(key[1] + GUID).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {token}\r\n{extra}\r\n"
    ).encode()


async def frame_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """A frame of the client, unmasked; it has to be masked."""
    first, length = await reader.readexactly(2)
    assert length & 0x80
    length &= 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return first, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@asynccontextmanager
async def opened(script: Script, limit: int = 100_000) -> AsyncIterator[ClientSocket]:
    """A socket whose server answers the upgrade and then runs `script`."""
    scripts: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(accept(head))
        scripts.append(asyncio.create_task(script(reader, writer)))  # type: ignore[arg-type]
        await scripts[0]
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    socket = await open_socket(
        f"ws://127.0.0.1:{port}/CP1", subprotocols=("ocpp1.6",), headers={}, max_message_bytes=limit
    )
    try:
        yield socket
        async with asyncio.timeout(5):
            await asyncio.gather(*scripts)
    finally:
        socket.abort()
        server.close()


async def heard(data: bytes, limit: int = 100_000) -> tuple[list[str], str, tuple[int, bytes] | None]:
    """What the client made of these bytes: texts, why it ended, and what it said when it left."""
    texts: list[str] = []
    said: list[tuple[int, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for place in range(0, len(data), 7):  # however TCP cuts it
            writer.write(data[place : place + 7])
            await writer.drain()
        said.append(await frame_of(reader))

    async with opened(script, limit) as socket:
        socket.listen(texts.append)
        async with asyncio.timeout(5):
            reason = await socket.ended()
    return texts, reason, said[0] if said else None


CLOSE = b"\x88\x05\x03\xe9bye"


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
async def test_texts_of_every_length_arrive_and_leave_whole(length: int) -> None:
    text, echoed = "ä" * (length // 2) + "x" * (length % 2), []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, payload = await frame_of(reader)
        size = len(payload)
        if size < 126:
            head = bytes([first, size])
        elif size < 65_536:
            head = bytes([first, 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([first, 127]) + size.to_bytes(8, "big")
        writer.write(head + payload)
        writer.write(CLOSE)
        await frame_of(reader)

    async with opened(echo) as socket:
        socket.listen(echoed.append)
        socket.send_text(text)
        assert await socket.ended() == "closed by the central system with 1001 bye"
    assert echoed == [text]


async def test_fragments_with_a_ping_between_them_are_one_text() -> None:
    data = b"\x01\x02ab" + b"\x89\x01!" + b"\x00\x01c" + b"\x80\x01d" + CLOSE
    texts, _, first_said = await heard(data)
    assert texts == ["abcd"]
    assert first_said == (0x8A, b"!")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x81\0\0\0\0a", 1002),  # a masked frame of a server
        (b"\xc1\x01a", 1002),  # a reserved bit
        (b"\x80\x01a", 1002),  # a continuation of nothing
        (b"\x01\x01a\x81\x01b", 1002),  # a new text within a text
        (b"\x09\x01!", 1002),  # a ping in fragments
        (b"\x83\x01a", 1002),  # an opcode that is none
        (b"\x81\x02\xff\xfe", 1007),  # no UTF-8
        (b"\x81\x7e\x01\x00" + b"a" * 256, 1009),  # too long
        (b"\x01\x64" + b"a" * 100 + b"\x80\x64" + b"a" * 100, 1009),  # too long together
    ],
)
async def test_a_breach_of_the_protocol_closes_with_its_code(data: bytes, code: int) -> None:
    texts, _, said = await heard(data, limit=128)
    assert texts == []
    assert said is not None
    assert (said[0], int.from_bytes(said[1][:2], "big")) == (0x88, code)


async def test_what_came_with_the_handshake_waits_for_the_listener() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x81\x02hi")
        await frame_of(reader)

    texts: list[str] = []
    async with opened(script) as socket:
        await asyncio.sleep(0)
        assert texts == []
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        socket.listen(lambda text: (texts.append(text), first.set_result(None)))  # type: ignore[arg-type, return-value]
        await asyncio.wait_for(first, 5)
        socket.close(1000, "")
    assert texts == ["hi"]


async def test_a_server_that_answers_no_ping_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await frame_of(reader) == (0x89, b"")
        assert await reader.read() == b""

    async with opened(silent) as socket:
        socket.listen(lambda _: None, 0.04)
        async with asyncio.timeout(5):
            assert "answered no ping within 0.02 s" in await socket.ended()


@pytest.mark.parametrize(
    ("answer", "failure", "words"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", Refusal, "HTTP 401"),
        (b"SSH-2.0-x\r\n\r\n", NotConnected, "no HTTP"),
        (b"HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: wrong\r\n\r\n", NotConnected, "not as a WebSocket does"),
        (b"", NotConnected, "closed the connection instead of answering"),
        (b"x" * 20_000, NotConnected, "no end"),
    ],
)
async def test_an_upgrade_that_fails_says_why(answer: bytes, failure: type[NotConnected], words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/CP1"
        with pytest.raises(failure, match=words):
            await open_socket(url, subprotocols=("ocpp1.6",), headers={}, max_message_bytes=1000)
