"""What came of a run, as JSON for other programs."""

from __future__ import annotations

from typing import Any

import msgspec

from voltline.station.simulator.scenario.reading import Scenario
from voltline.station.simulator.scenario.running import Failure, Outcome
from voltline.station.simulator.scenario.witness import Seen


def json_report(scenario: Scenario, outcome: Outcome, seed: int) -> bytes:
    """The outcome, every step with its line and times in seconds, and every exchange as on the wire."""
    report = {
        "scenario": scenario.source,
        "about": scenario.about,
        "seed": seed,
        "passed": outcome.failure is None,
        "took_s": round(outcome.took_s, 3),
        "failure": None if outcome.failure is None else _failure(outcome.failure),
        "steps": [
            {
                "number": step.number,
                "line": step.line,
                "step": step.what,
                "began_s": round(step.began_s, 3),
                "took_s": round(step.took_s, 3),
            }
            for step in outcome.steps
        ],
        "exchanges": [_exchange(identity, seen) for identity, seen in outcome.exchanges],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "number": failure.step.number,
        "line": failure.step.place.line,
        "column": failure.step.place.column,
        "step": failure.step.kind,
        "expected": failure.expected,
        "instead": failure.instead,
    }


def _exchange(identity: str, seen: Seen) -> dict[str, Any]:
    return {
        "at": seen.at,
        "charge_point": identity,
        "sent_by": "charge point" if seen.exchange.own else "central system",
        "action": seen.name,
        "request": seen.request,
        "answer": seen.answer,
        "error": seen.error or None,
    }
