"""Captures: frames are read through TCP, WebSocket, masking and compression."""

import io
import os
import random
import zlib
from pathlib import Path

import dpkt
import pytest

from voltline.inspection.records import Direction, Record, RecordKind
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read

CLIENT, SERVER = (b"\x0a\0\0\x02", 50000), (b"\x0a\0\0\x01", 9000)
REQUEST = b"GET /ocpp/DEPOT%207?x=1 HTTP/1.1\r\nHost: c\r\nUpgrade: websocket\r\n\r\n"
ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
DEFLATE = ANSWER[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
CALL, RESULT = '[2,"1","DataTransfer",{"data":"' + "x" * 300 + '"}]', '[3,"1",{"status":"Accepted"}]'


def websocket(payload: bytes, *, masked: bool, first: int = 0x81) -> bytes:
    mask = os.urandom(4) if masked else b""
    flag = 0x80 if masked else 0
    head = (
        bytes([first, flag | len(payload)])
        if len(payload) < 126
        else bytes([first, flag | 126]) + len(payload).to_bytes(2, "big")
    )
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
    return head + mask + body


class Capture:
    """Builds a capture of one connection."""

    def __init__(self, writer: type = dpkt.pcap.Writer) -> None:
        self.packets: list[bytes] = []
        self._next = {CLIENT: 0xFFFFFF00, SERVER: 100}  # one of them wraps round
        self._writer = writer

    def send(self, end: tuple[bytes, int], data: bytes, flags: int = 0x18) -> "Capture":
        other = SERVER if end == CLIENT else CLIENT
        tcp = dpkt.tcp.TCP(sport=end[1], dport=other[1], seq=self._next[end], flags=flags, data=data)
        ip = dpkt.ip.IP(src=end[0], dst=other[0], p=6, data=tcp)
        ip.len = len(ip)
        self.packets.append(bytes(dpkt.ethernet.Ethernet(data=ip, type=0x0800)))
        self._next[end] = (self._next[end] + len(data)) % 2**32
        return self

    def open(self, answer: bytes = ANSWER) -> "Capture":
        return self.send(CLIENT, REQUEST).send(SERVER, answer)

    def read(self, folder: Path) -> tuple[list[Record], Coverage]:
        kept = io.BytesIO()
        writer = self._writer(kept)
        for at, packet in enumerate(self.packets):
            writer.writepkt(packet, ts=1772344800 + at)
        path = folder / "capture.txt"
        path.write_bytes(kept.getvalue())
        (source,) = sources([path])
        coverage = Coverage(source.name)
        return list(read(source, coverage)), coverage


def texts(records: list[Record]) -> list[tuple[Direction, str]]:
    return [(record.direction, record.text) for record in records if record.kind is RecordKind.FRAME]


BOTH = [(Direction.FROM_STATION, CALL), (Direction.FROM_CENTRAL, RESULT)]


@pytest.mark.parametrize("writer", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_masked_and_plain_frames_are_read_with_sender_station_and_packet(
    tmp_path: Path, writer: type
) -> None:
    capture = Capture(writer).open()
    capture.send(CLIENT, websocket(CALL.encode(), masked=True)).send(
        SERVER, websocket(RESULT.encode(), masked=False)
    )
    records, coverage = capture.read(tmp_path)
    assert texts(records) == BOTH
    assert records[0].kind is RecordKind.CONNECTED
    assert [record.line for record in records] == [1, 3, 4]
    assert {record.station for record in records} == {"DEPOT 7"}
    assert coverage.formats == {"pcap": 2}


def test_segments_that_overtake_repeat_and_split_frames_are_put_in_order(tmp_path: Path) -> None:
    capture = Capture().open()
    calls = [CALL.replace('"1"', f'"{number}"') for number in range(20)]
    stream = b"".join(websocket(call.encode(), masked=True) for call in calls)
    begin = len(capture.packets)
    for at in range(0, len(stream), 97):
        capture.send(CLIENT, stream[at : at + 97])
    pieces = capture.packets[begin:]
    shuffled = pieces + pieces[::3]
    random.Random(4).shuffle(shuffled)
    capture.packets[begin:] = shuffled
    assert [text for _, text in texts(capture.read(tmp_path)[0])] == calls


def test_compressed_messages_share_their_context(tmp_path: Path) -> None:
    capture = Capture().open(DEFLATE)
    squeeze = zlib.compressobj(wbits=-15)
    for _ in range(2):
        packed = (squeeze.compress(CALL.encode()) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]
        capture.send(CLIENT, websocket(packed, masked=True, first=0xC1))
    assert texts(capture.read(tmp_path)[0]) == [BOTH[0]] * 2


def test_fragments_with_a_ping_between_are_one_frame(tmp_path: Path) -> None:
    capture = Capture().open()
    raw = CALL.encode()
    capture.send(CLIENT, websocket(raw[:50], masked=True, first=0x01))
    capture.send(CLIENT, websocket(b"hello", masked=True, first=0x89))
    capture.send(CLIENT, websocket(raw[50:], masked=True, first=0x80))
    assert texts(capture.read(tmp_path)[0]) == BOTH[:1]


def test_a_capture_begun_after_the_handshake_tells_sides_by_the_mask(tmp_path: Path) -> None:
    capture = Capture().send(SERVER, websocket(RESULT.encode(), masked=False))
    capture.send(CLIENT, websocket(CALL.encode(), masked=True))
    assert texts(capture.read(tmp_path)[0]) == BOTH[::-1]


def test_closes_are_told_with_code_or_with_who_ended_it(tmp_path: Path) -> None:
    closed = (
        Capture().open().send(SERVER, websocket(b"\x03\xe8bye", masked=False, first=0x88)).read(tmp_path)[0]
    )
    assert [record.text for record in closed if record.kind is RecordKind.DISCONNECTED] == ["close 1000 bye"]
    reset = Capture().open().send(CLIENT, b"", flags=0x14).read(tmp_path)[0]
    assert [record.text for record in reset if record.kind is RecordKind.DISCONNECTED] == [
        "TCP reset by the charge point"
    ]


def test_tls_is_said_to_be_unreadable(tmp_path: Path) -> None:
    capture = Capture().send(CLIENT, b"\x16\x03\x01\x00\x05hello").send(SERVER, b"\x16\x03\x03\x00\x05hello")
    records, coverage = capture.read(tmp_path)
    assert records == []
    assert coverage.skipped_lines == {"TLS, which cannot be read": 2}


def test_a_capture_that_ends_within_a_packet_says_so(tmp_path: Path) -> None:
    Capture().open().send(CLIENT, websocket(CALL.encode(), masked=True)).read(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    (source,) = sources([path])
    coverage = Coverage(source.name)
    list(read(source, coverage))
    assert "ends within packet 3" in (coverage.problem or "")


def test_a_damaged_capture_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    capture = Capture().open().send(CLIENT, websocket(CALL.encode(), masked=True))
    capture.packets.append(b"\x00" * 9)
    records, coverage = capture.read(tmp_path)
    assert texts(records) == BOTH[:1]
    assert coverage.lines == 4
