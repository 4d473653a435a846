"""`kill -9` of `voltline serve` under load: what was acknowledged is there after it, once.

    .venv/bin/python -m tests.faults.kill_nine --rounds 30 --stations 50 --seed 1

Charge points that never forget charge as fast as they are answered. At random moments the process is
killed, its files are compared with what the charge points know, and it is started again on the same port
and the same files. In the end every message is delivered, and database and REST API must hold exactly
what the charge points sent.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

import httpx
from tests.faults.fleet import Fleet
from tests.faults.inspection import findings_in_files, findings_of_api
from tests.faults.ledger import Ledger
from tests.serving import Serving, start_serving

STILLBORN = 0.25
"""Share of restarts before which another one is killed while it starts."""
FLAGS = ("--set", "log.level=warning")


@dataclass(frozen=True)
class Plan:
    rounds: int
    stations: int
    seed: int
    longest_uptime_s: float = 2.0
    """Each kill comes at a random moment up to this long after the start."""
    looked_into: int = 300
    """Transactions whose readings are asked from the REST API."""


@dataclass
class Report:
    ledger: Ledger
    kills: int = 0
    kills_while_starting: int = 0
    restarts_s: list[float] = field(default_factory=list)
    """From the start of the process until it says that it is ready."""
    first_answers_s: list[float] = field(default_factory=list)
    """From the start of the process until the first charge point has an answer."""
    unanswered_at_kill: list[int] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    load_s: float = 0.0

    def lines(self) -> list[str]:
        ledger, load_s = self.ledger, max(self.load_s, 1e-9)
        acknowledged = Counter(dict.fromkeys(("StartTransaction", "MeterValues", "StopTransaction"), 0))
        for message in ledger.messages:
            acknowledged[message.action] += message.acknowledged
        facts = {
            "kills": f"{self.kills} under load, {self.kills_while_starting} more during a start",
            "acknowledged messages": f"{acknowledged.total()} ({_counted(acknowledged)})",
            "answers in all": f"{ledger.answers}, {ledger.answers / load_s:.0f} a second of load",
            "unanswered at a kill": f"{sum(self.unanswered_at_kill)} in all",
            "sent again, no answer": f"{ledger.resent.total()} ({_counted(ledger.resent)})",
            "sent again, answered": f"{ledger.repeated.total()} ({_counted(ledger.repeated)})",
            "connections broken off": f"{ledger.broken_off} by charge points that waited for an answer",
            "restart until ready": _spread(self.restarts_s),
            "restart until an answer": _spread(self.first_answers_s),
            "missing, double, changed": f"{len(self.findings)}",
        }
        return [f"{what:26}{how}" for what, how in facts.items()]


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{action} {count}" for action, count in sorted(what.items())) or "none"


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"median {median(seconds):.2f} s, longest {max(seconds):.2f} s"


class Killing:
    """One run of a plan."""

    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], object]) -> None:
        self.plan = plan
        self.report = Report(Ledger())
        self._random = Random(plan.seed)
        self._fleet = Fleet(plan.stations, Random(self._random.random()), self.report.ledger)
        self._data = folder / "data"
        self._tell = tell
        self._ports: dict[str, int] = {}
        self._server: Serving

    async def run(self) -> Report:
        await self._start()
        try:
            self._fleet.start(self._server.ocpp)
            for number in range(1, self.plan.rounds + 1):
                await self._round(number)
            await self._fleet.finish()
            await self._kill()
            await self._start()
            with httpx.Client(base_url=self._server.http, timeout=60) as http:
                self.report.findings += await asyncio.to_thread(
                    lambda: list(
                        findings_of_api(http, self.report.ledger, self._random, self.plan.looked_into)
                    )
                )
            assert self._server.stop() == 0
        finally:
            for task in self._fleet.tasks:
                task.cancel()
            self._server.process.kill()
        self.report.findings = list(dict.fromkeys([*self.report.findings, *self.report.ledger.faults]))
        return self.report

    async def _round(self, number: int) -> None:
        """Load until a random moment, kill, compare, start again."""
        began, answers = perf_counter(), self.report.ledger.answers
        await asyncio.sleep(self._random.uniform(0.0, self.plan.longest_uptime_s))
        self._fleet.hold()
        await self._kill()
        self.report.load_s += perf_counter() - began
        self.report.unanswered_at_kill.append(self.report.ledger.unanswered)
        answers = self.report.ledger.answers - answers
        self._fleet.release()  # they knock while it starts, as they do
        if self._random.random() < STILLBORN:
            await self._kill_while_starting()
        await self._start()
        self._tell(
            f"round {number}: {answers} answers, killed with {self.report.unanswered_at_kill[-1]} unanswered,"
            f" ready again in {self.report.restarts_s[-1]:.2f} s, findings: {len(self.report.findings)}"
        )

    async def _kill(self) -> None:
        self._server.kill()
        self.report.kills += 1
        await self._fleet.gone()
        self.report.findings += await asyncio.to_thread(findings_in_files, self._data, self.report.ledger)

    async def _start(self) -> None:
        began, answers = perf_counter(), self.report.ledger.answers
        watching = None
        if self._fleet.tasks and not self._fleet.stopping:
            watching = asyncio.create_task(self._first_answer(began, answers))
        self._server = await asyncio.to_thread(start_serving, self._data, *FLAGS, warm=False, **self._ports)
        if self._ports:
            self.report.restarts_s.append(perf_counter() - began)
        else:
            self._ports = {
                "ocpp_port": urlsplit(self._server.ocpp).port or 0,
                "http_port": urlsplit(self._server.http).port or 0,
            }
        if watching is not None:
            self.report.first_answers_s.append(await watching)

    async def _first_answer(self, began: float, answers: int) -> float:
        await self._fleet.until(lambda: self.report.ledger.answers > answers)
        return perf_counter() - began

    async def _kill_while_starting(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "voltline.cli.main", "serve", *FLAGS, f"--data={self._data}"),
            *(f"--{name.replace('_', '-')}={port}" for name, port in self._ports.items()),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(self._random.uniform(0.0, 1.2 * median(self.report.restarts_s or [1.0])))
        process.kill()
        await process.wait()
        self.report.kills_while_starting += 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30, help="how many kills under load (30)")
    parser.add_argument("--stations", type=int, default=50, help="charge points that charge at once (50)")
    parser.add_argument("--seed", type=int, default=1, help="what the random moments come from (1)")
    parser.add_argument("--longest-uptime", type=float, default=2.0, metavar="S", help="seconds (2)")
    chosen = parser.parse_args()
    plan = Plan(chosen.rounds, chosen.stations, chosen.seed, longest_uptime_s=chosen.longest_uptime)
    with TemporaryDirectory(prefix="voltline-kill-") as folder:
        report = asyncio.run(Killing(plan, Path(folder), lambda line: print(line, flush=True)).run())
    print(*report.lines(), sep="\n")
    for finding in report.findings[:50]:
        print("-", finding)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
