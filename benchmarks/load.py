"""A closed-loop load of stations: each has one CALL open, and sends the next when it is answered.

Written straight onto asyncio transports, so that one core of load can saturate one core of any server. Every
answer is checked (a CALLRESULT with the id of the CALL); anything else ends the run with an error.

Used as a program it prints one JSON object: messages, seconds, rate, latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

BOOT = b'[2,"%012d","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"Load"}]'
HEARTBEAT = b'[2,"%012d","Heartbeat",{}]'
START = (
    b'[2,"%012d","StartTransaction",'
    b'{"connectorId":1,"idTag":"BENCH","meterStart":0,"timestamp":"2026-01-01T00:00:00Z"}]'
)
METER_VALUES = (
    b'[2,"%012d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":['
    b'{"timestamp":"2026-01-01T%02d:%02d:%02dZ",'
    b'"sampledValue":[{"value":"%d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
    b'{"value":"7360.0","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"32.0","context":"Sample.Periodic","measurand":"Current.Import","unit":"A","phase":"L1"},'
    b'{"value":"230.1","context":"Sample.Periodic","measurand":"Voltage","unit":"V","phase":"L1-N"}]}]}]'
)
METER_VALUES_A_HEARTBEAT = 4


@dataclass
class Figures:
    """What a run measured; latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    counting: bool = False
    failure: str | None = None
    last: float = 0.0


class LoadStation(asyncio.Protocol):
    """One station in closed loop: handshake, boot, start a transaction, then meter values and heartbeats."""

    def __init__(
        self, identity: str, figures: Figures, ready: Callable[[], None], *, idle: bool = False
    ) -> None:
        self.identity = identity
        self.figures = figures
        self.ready = ready
        self.idle = idle
        self.stage = "handshake"
        self.number = 0
        self.transaction_id = 0
        self.sent_at = 0.0
        self.buffer = b""
        self.running = False
        self.meter_values = 0
        """How many MeterValues were sent since the connection began; at the end all are answered."""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class is no subclass of it
        transport = self.transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ocpp/{self.identity} HTTP/1.1\r\nHost: localhost\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
        )

    def send(self, template: bytes, *values: int) -> None:
        self.number += 1
        payload = template % (self.number, *values)
        # A masking key of zeros leaves the payload as it is (RFC 6455, 5.3); the server unmasks all the same.
        header = b"\x81" + (
            struct.pack("!B", 0x80 | len(payload))
            if len(payload) < 126
            else struct.pack("!BH", 0x80 | 126, len(payload))
        )
        self.sent_at = time.perf_counter()
        self.transport.write(header + b"\0\0\0\0" + payload)

    def data_received(self, data: bytes) -> None:
        self.buffer = buffer = self.buffer + data if self.buffer else data
        if self.stage == "handshake":
            head, found, rest = buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.fail(f"handshake refused: {head[:80]!r}")
                return
            self.stage, self.buffer = "boot", rest
            self.send(BOOT)
            return
        while len(buffer) >= 2:
            length, start = buffer[1] & 0x7F, 2
            if length == 126:
                if len(buffer) < 4:
                    break
                length, start = int.from_bytes(buffer[2:4], "big"), 4
            end = start + length
            if len(buffer) < end:
                break
            opcode, payload = buffer[0] & 0x0F, buffer[start:end]
            buffer = buffer[end:]
            if opcode == 1:
                self.text_received(payload)
            elif opcode == 9:
                self.transport.write(b"\x8a" + bytes([0x80 | length]) + b"\0\0\0\0" + payload)
            elif opcode == 8:
                self.fail(f"closed by the server: {payload!r}")
        self.buffer = buffer

    def text_received(self, payload: bytes) -> None:
        if not (payload.startswith(b"[3,") and b'"%012d"' % self.number in payload[:24]):
            if payload.startswith(b"[2,"):
                return  # a CALL of the server's own; the load does not serve
            self.fail(f"not the answer to CALL {self.number}: {payload[:120]!r}")
            return
        now = time.perf_counter()
        if self.stage == "boot":
            self.stage = "start"
            if self.idle:
                self.ready()
            else:
                self.send(START)
        elif self.stage == "start":
            self.stage = "load"
            self.transaction_id = json.loads(payload)[2]["transactionId"]
            self.ready()
        else:
            figures = self.figures
            if figures.counting:
                figures.latencies.append(now - self.sent_at)
                figures.last = now
            if self.running:
                self.next()
            elif not self.done.done():
                self.done.set_result(None)

    def next(self) -> None:
        self.running = True
        if self.number % (METER_VALUES_A_HEARTBEAT + 1):
            self.meter_values += 1
            minutes, second = divmod(self.number, 60)
            hour, minute = divmod(minutes, 60)
            self.send(METER_VALUES, self.transaction_id, hour % 24, minute, second, self.number)
        else:
            self.send(HEARTBEAT)

    def fail(self, text: str) -> None:
        self.figures.failure = self.figures.failure or f"{self.identity}: {text}"
        if not self.done.done():
            self.done.set_result(None)
        self.ready()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.fail(f"connection lost: {exc}")


async def connected(host: str, port: int, count: int, figures: Figures, *, idle: bool) -> list[LoadStation]:
    """``count`` stations, booted and (unless idle) each with a transaction running."""
    loop = asyncio.get_running_loop()
    stations: list[LoadStation] = []
    for first in range(0, count, 100):
        waiting = []
        for number in range(first, min(first + 100, count)):
            booted = loop.create_future()
            _, station = await loop.create_connection(
                lambda n=number, f=booted: LoadStation(
                    f"BENCH{n:05d}", figures, lambda: f.done() or f.set_result(None), idle=idle
                ),
                host,
                port,
            )
            stations.append(station)
            waiting.append(booted)
        await asyncio.wait_for(asyncio.gather(*waiting), 60)
        if figures.failure:
            raise SystemExit(figures.failure)
    return stations


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; unlike the clock it does not count what other processes take."""
    return sum(
        int(thread.joinpath("schedstat").read_text().split()[0]) / 1e9
        for thread in Path(f"/proc/{pid}/task").iterdir()
    )


async def measured(
    host: str, port: int, stations: int, seconds: float, warm_up: float, server_pid: int
) -> dict[str, float]:
    figures = Figures()
    fleet = await connected(host, port, stations, figures, idle=False)
    for station in fleet:
        station.next()
    await asyncio.sleep(warm_up)
    figures.counting = True
    cpu = cpu_seconds(server_pid)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    figures.counting = False
    cpu = cpu_seconds(server_pid) - cpu
    took = figures.last - began
    for station in fleet:
        station.running = False
    await asyncio.wait([station.done for station in fleet], timeout=30)
    if figures.failure:
        raise SystemExit(figures.failure)
    for station in fleet:
        station.transport.close()
    latencies = sorted(figures.latencies)
    return {
        "messages": len(latencies),
        "seconds": took,
        "rate": len(latencies) / took,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "cpu_us": cpu / len(latencies) * 1e6,
        "meter_values": sum(station.meter_values for station in fleet),
    }


async def idle(host: str, port: int, stations: int) -> None:
    """Hold ``stations`` booted connections open until standard input closes."""
    figures = Figures()
    await connected(host, port, stations, figures, idle=True)
    print(json.dumps({"connected": stations}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument(
        "--pid", type=int, default=os.getpid(), help="the server, to measure its processor time"
    )
    parser.add_argument("--idle", action="store_true", help="only connect, boot and wait")
    parser.add_argument("--core", type=int, help="run on this core alone")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    if options.idle:
        uvloop.run(idle(options.host, options.port, options.stations))
    else:
        print(
            json.dumps(
                uvloop.run(
                    measured(
                        options.host,
                        options.port,
                        options.stations,
                        options.seconds,
                        options.warm_up,
                        options.pid,
                    )
                )
            )
        )


if __name__ == "__main__":
    main()
