"""What `voltline station run` prints: each step as it begins, and of a failure all that helps to see why."""

from __future__ import annotations

import sys
from datetime import datetime

from voltline.cli.station_lines import exchange_line, view_lines
from voltline.station.device.listener import Exchange, Listener
from voltline.station.simulator.scenario.context import Watcher
from voltline.station.simulator.scenario.reading import Scenario
from voltline.station.simulator.scenario.running import Failure, Outcome
from voltline.station.simulator.scenario.steps import Step


class Face(Watcher):
    """Progress on stdout, failures on stderr."""

    def __init__(self, scenario: Scenario, *, quiet: bool, messages: bool) -> None:
        self._scenario = scenario
        self._quiet = quiet
        self._messages = messages
        self._several = len(scenario.stations) > 1
        if not quiet:
            print(f"{scenario.source}: {scenario.about}", flush=True)

    def began(self, step: Step, text: str) -> None:
        """Its line in the file, and what it does."""
        if not self._quiet:
            print(f"{step.place.line:>5}  {text}", flush=True)

    def said(self, text: str) -> None:
        """Also when quiet: somebody may be waited for."""
        print(f"    >> {text}", file=sys.stderr if self._quiet else sys.stdout, flush=True)

    def listener(self, identity: str) -> Listener:
        """One that prints messages, where they are wanted."""
        if self._quiet or not self._messages:
            return Listener()
        return _Messages(f"{identity} " if self._several else "")

    def ended(self, outcome: Outcome) -> None:
        """How it went."""
        if outcome.failure is not None:
            print("\n".join(_failure_lines(self._scenario, outcome.failure)), file=sys.stderr, flush=True)
        elif not self._quiet:
            count = len(outcome.steps)
            print(f"passed: {count} steps in {outcome.took_s:.1f} s", flush=True)


class _Messages(Listener):
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def exchanged(self, exchange: Exchange) -> None:
        print(f"       {self._prefix}{exchange_line(exchange)}", flush=True)


def _failure_lines(scenario: Scenario, failure: Failure) -> list[str]:
    step, place = failure.step, failure.step.place
    lines = [
        f"{scenario.source}:{place.line}:{place.column}: step {step.number} ({step.kind}) failed",
        f"  expected: {failure.expected}",
        f"  instead:  {failure.instead}",
        "  the station then:" if len(failure.views) == 1 else "  the stations then:",
    ]
    for view in failure.views:
        lines += [f"    {line}" for line in view_lines(view)]
    lines.append("  the last messages:" if failure.last else "  no message was exchanged")
    several = len(failure.views) > 1
    for identity, at, exchange in failure.last:
        who = f"{identity} " if several else ""
        lines.append(f"    {_time(at)} {who}{exchange_line(exchange)}")
    return lines


def _time(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"
