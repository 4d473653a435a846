"""Runs a scenario: its stations, step by step, until it is through or a step fails."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from voltline.station.device.listener import Exchange
from voltline.station.simulator.scenario.branch import Branch
from voltline.station.simulator.scenario.context import Context, Failed, StepReport, Surroundings, Watcher
from voltline.station.simulator.scenario.reading import Scenario
from voltline.station.simulator.scenario.steps import Step
from voltline.station.simulator.scenario.values import resolved
from voltline.station.simulator.scenario.witness import Seen
from voltline.station.simulator.view import StationView

LAST = 12
"""Exchanges that are told of a failure."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The step that failed, and how things stood then."""

    step: Step
    expected: str
    instead: str
    views: tuple[StationView, ...]
    last: tuple[tuple[str, datetime, Exchange], ...]
    """The last exchanges: identity, time, exchange."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended."""

    failure: Failure | None
    steps: tuple[StepReport, ...]
    exchanges: tuple[tuple[str, Seen], ...]
    took_s: float


async def run(scenario: Scenario, where: Surroundings, watcher: Watcher | None = None) -> Outcome:
    """Run it to its end; stations are stopped gracefully, or after a failure at once.

    Raises:
        ValueError: the endpoint is no WebSocket URL, or the identity cannot be one.
    """
    context = Context(scenario, where, watcher or Watcher())
    stations = context.stations.values()
    failure: Failure | None = None
    try:
        for name, value in scenario.variables.items():
            context.scope.put(name, resolved(value, context.scope))
        if scenario.switched_on:
            for station in stations:
                await station.start()
        await Branch(context).take(scenario.steps)
    except Failed as error:
        failure = _failure(context, error)
    except BaseException:
        await asyncio.gather(*(one.stop(graceful=False) for one in stations))
        raise
    await asyncio.gather(*(one.stop(graceful=failure is None) for one in stations))
    return Outcome(
        failure=failure,
        steps=tuple(context.reports),
        exchanges=tuple(context.exchanges()),
        took_s=context.passed_s(),
    )


def _failure(context: Context, error: Failed) -> Failure:
    assert context.failing is not None, "only steps fail"
    return Failure(
        step=context.failing,
        expected=error.expected,
        instead=error.instead,
        views=tuple(station.view() for station in context.stations.values()),
        last=tuple((identity, one.at, one.exchange) for identity, one in context.exchanges()[-LAST:]),
    )
