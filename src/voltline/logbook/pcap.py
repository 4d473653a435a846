"""Network captures (pcap, pcapng): TCP put together again, WebSocket frames unmasked and inflated.

TLS cannot be read; the number of packets left out for it is told.
"""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import dpkt

from voltline.inspection.records import Record, RecordKind
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import Source, Unreadable
from voltline.logbook.tcp import Flows

__all__ = ["capture_records", "is_capture"]

_MAGIC = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
_MAGIC_NG = b"\x0a\x0d\x0d\x0a"
LARGEST = 256 * 1024 * 1024
"""Bytes of a packet; no capture has one that large."""
_EVERY = 1000
"""Packets between two reports of progress."""


def is_capture(stream: io.BufferedReader) -> bool:
    """Whether the bytes to come are a capture."""
    return stream.peek(4)[:4] in (*_MAGIC, _MAGIC_NG)


def capture_records(
    stream: io.BufferedReader,
    source: Source,
    coverage: Coverage,
    progress: Callable[[int, int | None], None] | None,
) -> Iterator[Record]:
    """The frames and connections of a capture. `line` of a record is the packet's number.

    Raises Unreadable where the capture itself is damaged.
    """
    counted = _Counted(stream)
    flows = Flows(source.name)
    try:
        reader: Any = (
            dpkt.pcapng.Reader(counted) if stream.peek(4)[:4] == _MAGIC_NG else dpkt.pcap.Reader(counted)
        )
        link = reader.datalink()
        for number, (time, packet) in enumerate(reader, 1):
            coverage.lines += 1
            if progress is not None and number % _EVERY == 0:
                progress(counted.read_bytes, source.size)
            segment = _segment(link, packet)
            if segment is None:
                coverage.skip("no TCP", number)
                continue
            address, tcp = segment
            at = datetime.fromtimestamp(float(time), UTC)
            records = flows.segment(address, tcp, number, at)
            if records is None:
                coverage.skip("TLS, which cannot be read", number)
                continue
            useful = False
            for record in records:
                useful = useful or record.kind is RecordKind.FRAME
                coverage.found(record, "pcap")
                yield record
            if useful:
                coverage.frame_lines += 1
            elif tcp.data and not flows.speaks(address):
                coverage.skip("TCP without WebSocket", number)
            else:
                coverage.skip("no frame in it", number)
    except (dpkt.Error, ValueError, EOFError) as fault:
        raise Unreadable(
            f"{source.name}: the capture is damaged after packet {coverage.lines} ({fault})"
        ) from fault
    if counted.cut:
        raise Unreadable(f"{source.name}: the capture ends within packet {coverage.lines}")
    for reason, count in flows.losses.items():
        coverage.skip(reason, 1, count)


class _Counted:
    """What dpkt needs of a file, counting."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self.name = "capture"
        self.read_bytes = 0
        self.cut = False
        """Fewer bytes were there than a packet has."""
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST:
            raise ValueError(f"a packet of {size} bytes")
        given = self._stream.read(size)
        self.cut = self.cut or 0 < len(given) < size
        self.read_bytes += len(given)
        return given


def _segment(link: int, packet: bytes) -> tuple[tuple[bytes, int, bytes, int], Any] | None:
    """Addresses and TCP segment of a packet; None if it has none."""
    try:
        if link == dpkt.pcap.DLT_EN10MB:
            network = dpkt.ethernet.Ethernet(packet).data
        elif link == dpkt.pcap.DLT_LINUX_SLL:
            network = dpkt.sll.SLL(packet).data
        elif link == getattr(dpkt.pcap, "DLT_LINUX_SLL2", 276):
            network = dpkt.sll2.SLL2(packet).data
        elif link in (dpkt.pcap.DLT_NULL, dpkt.pcap.DLT_LOOP):
            network = dpkt.loopback.Loopback(packet).data
        else:
            network = dpkt.ip6.IP6(packet) if packet[0] >> 4 == 6 else dpkt.ip.IP(packet)
        tcp = network.data
        if not isinstance(tcp, dpkt.tcp.TCP):
            return None
        return (network.src, tcp.sport, network.dst, tcp.dport), tcp
    except (dpkt.Error, AttributeError, IndexError, ValueError):
        return None
