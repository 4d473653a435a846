"""Steps and messages in one line each, for people."""

from __future__ import annotations

from typing import Any

from voltline.station.simulator.scenario.matching import Fields, in_words, told
from voltline.station.simulator.scenario.steps import Step
from voltline.station.simulator.scenario.values import Scope, Template


def describe(step: Step, scope: Scope) -> str:
    """A step in one line, for people, with the variables as they stand."""
    if step.name:
        return step.name
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
            words.append(told(_shown(value, scope)))
        elif name == "with":
            words.append(told_fields(_shown(value, scope)))
        elif name not in ("within", "save", "since", "body", "by_hand", "answer"):
            words.append(f"{name}={told(_shown(value, scope))}")
    return " ".join(words)


def told_fields(payload: Any) -> str:
    """The fields of a message in one line."""
    if not isinstance(payload, dict):
        return told(payload)
    return " ".join(f"{name}={told(value)}" for name, value in payload.items())


def _shown(value: Any, scope: Scope) -> Any:
    """The value with its variables; what chance decides is left to the moment when it counts."""
    if isinstance(value, dict):
        return {name: _shown(item, scope) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, scope) for item in value]
    if isinstance(value, Template):
        return "..." if value.by_chance else value.of(scope)
    return value
