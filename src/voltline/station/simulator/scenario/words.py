"""Steps and messages in one line each, for people."""

from __future__ import annotations

from typing import Any

from voltline.station.simulator.scenario.matching import Fields, in_words, told
from voltline.station.simulator.scenario.steps import Step
from voltline.station.simulator.scenario.values import Scope, resolved


def describe(step: Step, scope: Scope) -> str:
    """A step in one line, for people, with the variables as they stand."""
    if step.name:
        return step.name
    scope = scope.shown()
    arguments = step.arguments
    words = [step.station] if step.station else []
    words.append(step.kind)
    if step.kind in ("repeat", "chance", "together"):
        return " ".join(words)
    for name, value in arguments.items():
        if name == "state":
            words.append(in_words(Fields(tuple(value.items())), scope))
        elif name in ("with", "answer") and isinstance(value, Fields):
            words.append(f"{name} {in_words(value, scope)}")
        elif name in ("message", "action", "path", "method", "text"):
            words.append(told(resolved(value, scope)))
        elif name == "with":
            words.append(told_fields(resolved(value, scope)))
        elif name not in ("within", "save", "since", "body", "by_hand", "answer"):
            words.append(f"{name}={told(resolved(value, scope))}")
    return " ".join(words)


def told_fields(payload: Any) -> str:
    """The fields of a message in one line."""
    if not isinstance(payload, dict):
        return told(payload)
    return " ".join(f"{name}={told(value)}" for name, value in payload.items())
