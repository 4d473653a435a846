"""One line of steps, taken one after the other; `together` takes several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.simulator.actions import VERBS, Misunderstood
from voltline.station.simulator.scenario.central import NoAnswer, call_error, refusal
from voltline.station.simulator.scenario.context import Context, Failed, StepReport
from voltline.station.simulator.scenario.expectations import station_fields
from voltline.station.simulator.scenario.matching import Fields, in_words, mismatch, told
from voltline.station.simulator.scenario.steps import CONVERT, STEPS, Kind, Step
from voltline.station.simulator.scenario.values import Misread, Scope, Template, resolved
from voltline.station.simulator.scenario.witness import LOOK_AGAIN_S, Seen, Sought
from voltline.station.simulator.scenario.words import describe, told_fields
from voltline.station.simulator.station import SimulatedStation

PATIENCE_S = 300.0
"""How long a person may take with `--by-hand`."""
NETWORK_S = 2.0
"""However fast the station's time runs, the central system's does not: a step may take so long."""


class Branch:
    """One line of steps; it remembers where its last action was."""

    def __init__(self, run: Context, marks: Mapping[str, int] | None = None, turn: int | None = None) -> None:
        self._run = run
        self._marks = dict(marks or {})
        self._turn = turn
        self._patient = False
        """Somebody was asked to do something, so that the next step may take its time."""

    async def take(self, steps: Sequence[Step]) -> None:
        """Take the steps one after the other. Raises Failed."""
        for step in steps:
            try:
                await self._take(step)
            except Failed:
                self._run.failing = self._run.failing or step
                raise
            except (Misread, Misunderstood, ImpossibleHappening, NoAnswer) as error:
                self._run.failing = self._run.failing or step
                raise Failed(f"'{step.kind}' to be possible", str(error)) from None

    async def _take(self, step: Step) -> None:
        run = self._run
        text = describe(step, self._scope(step))
        began_s = run.passed_s()
        run.watcher.began(step, text)
        if step.kind in STEPS:
            await _WAYS[step.kind](self, step)
        else:
            self._act(step)
        run.reports.append(
            StepReport(
                number=step.number,
                line=step.place.line,
                what=text,
                began_s=began_s,
                took_s=run.passed_s() - began_s,
            )
        )

    # ---- what steps look at

    def _scope(self, step: Step) -> Scope:
        more: dict[str, Any] = {} if self._turn is None else {"round": self._turn}
        if step.station:
            more["id"] = self._run.stations[step.station].identity
        return self._run.scope.within(**more) if more else self._run.scope

    def _value(self, step: Step, name: str, kind: Kind, default: Any = None) -> Any:
        """A single value of the step, with its templates worked out. Raises Misread."""
        if name not in step.arguments:
            return default
        value = step.arguments[name]
        return CONVERT[kind](resolved(value, self._scope(step))) if isinstance(value, Template) else value

    def _within_s(self, step: Step) -> float:
        within: float = self._value(step, "within", Kind.DURATION, self._run.scenario.within_s)
        if self._patient:
            return PATIENCE_S
        return max(within / self._run.where.speed, min(within, NETWORK_S))

    def _since(self, step: Step) -> int:
        if self._value(step, "since", Kind.SINCE, "action") == "start":
            return 0
        return self._marks.get(step.station, 0)

    def _mark(self, step: Step) -> None:
        self._marks[step.station] = len(self._run.witnesses[step.station].seen)

    def _save(self, step: Step, request: Any, answer: Any) -> None:
        for name, path in step.arguments.get("save", {}).items():
            found: Any = {"answer": answer} if path.startswith("answer.") else request
            for part in path.split("."):
                if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                    found = found[int(part)]
                elif isinstance(found, dict) and part in found:
                    found = found[part]
                else:
                    raise Failed(f"a value at {path}", f"there is none in {told(found)}")
            self._run.scope.put(name, found)

    # ---- the steps

    def _act(self, step: Step) -> None:
        self._mark(step)
        arguments = resolved(step.arguments, self._scope(step))
        texts = {name: told(value) for name, value in arguments.items()}
        self._run.stations[step.station].perform(VERBS[step.kind].read(texts, strict=False))

    async def _switch_on(self, step: Step) -> None:
        self._mark(step)
        await self._run.stations[step.station].start()

    async def _switch_off(self, step: Step) -> None:
        self._mark(step)
        await self._run.stations[step.station].stop()

    async def _wait(self, step: Step) -> None:
        await self._state(step, self._within_s(step))

    async def _expect(self, step: Step) -> None:
        await self._state(step, 0.0)

    async def _state(self, step: Step, within_s: float) -> None:
        scope = self._scope(step)
        station = self._run.stations[step.station]
        connector_id = self._value(step, "connector_id", Kind.CONNECTOR, 1)
        if connector_id > len(station.view().connectors):
            raise Misread(f"the station has no connector {connector_id}")
        expected = Fields(tuple(step.arguments["state"].items()))
        why = ""

        def look() -> bool | None:
            nonlocal why
            why = mismatch(expected, _state_of(station, connector_id, step), scope) or ""
            return None if why else True

        came = await self._run.witnesses[step.station].until(look, within_s)
        self._patient = False
        if not came:
            late = f" within {within_s:g} s" if within_s else ""
            raise Failed(f"{in_words(expected, scope)}{late}", why)

    async def _exchange(self, step: Step) -> None:
        arguments = step.arguments
        sought = Sought(
            step.kind == "sent",
            arguments["message"],
            arguments.get("with"),
            arguments.get("answer"),
            self._value(step, "error", Kind.TEXT),
        )
        seen = await self._seen(step, sought, self._since(step), self._within_s(step))
        self._patient = False
        self._save(step, seen.request, seen.answer)

    async def _seen(self, step: Step, sought: Sought, mark: int, within_s: float) -> Seen:
        witness, scope = self._run.witnesses[step.station], self._scope(step)

        def look() -> Seen | None:
            candidates = witness.since(mark, sought)
            return next((one for one in candidates if sought.mismatch(one, scope) is None), None)

        found = await witness.until(look, within_s)
        if found is None:
            who = "the station to send" if sought.own else "the central system to send"
            raise Failed(
                f"{who} {describe(step, scope)} within {within_s:g} s", self._instead(step, sought, mark)
            )
        found.found = True
        return found

    def _instead(self, step: Step, sought: Sought, mark: int) -> str:
        witness, scope = self._run.witnesses[step.station], self._scope(step)
        near = [f"{one.name}: {sought.mismatch(one, scope)}" for one in witness.since(mark, sought)]
        if near:
            return "; ".join(near[-3:])
        others = [one.name for one in witness.seen[mark:] if one.exchange.own is sought.own]
        since = "since the last action" if mark else "since the start"
        return f"{since} only {', '.join(others[-8:])}" if others else f"nothing was sent {since}"

    async def _not_sent(self, step: Step) -> None:
        witness, scope = self._run.witnesses[step.station], self._scope(step)
        sought = Sought(True, step.arguments["message"], step.arguments.get("with"), None, None)
        mark = self._since(step)

        def look() -> Seen | None:
            candidates = witness.since(mark, sought)
            return next((one for one in candidates if sought.mismatch(one, scope) is None), None)

        for_s = self._value(step, "for", Kind.DURATION, 0.0) / self._run.where.speed
        found = await witness.until(look, for_s)
        if found is not None:
            raise Failed(f"no {sought.message}", f"one was sent: {told_fields(found.request)}")

    async def _command(self, step: Step) -> None:
        self._mark(step)
        mark, scope = self._marks[step.station], self._scope(step)
        action, payload = step.arguments["action"], resolved(step.arguments["with"], scope)
        api, identity = self._run.where.api, self._run.stations[step.station].identity
        answer, error = step.arguments.get("answer"), self._value(step, "error", Kind.TEXT)
        if api is None:
            self._run.watcher.said(f"send {identity} now: {action} {told_fields(payload)}")
            sought = Sought(False, action, None, answer, error)
            seen = await self._seen(step, sought, mark, PATIENCE_S)
            self._save(step, seen.request, seen.answer)
            return
        path = f"charge-points/{identity}/commands/{action}"
        within_s = self._within_s(step)
        try:
            status, content = await asyncio.wait_for(api.ask("POST", path, payload), within_s)
        except TimeoutError:
            raise Failed(f"an answer to {action} within {within_s:g} s", "there was none") from None
        code = call_error(content)
        if error is not None or code is not None:
            if code != error:
                got = f"it answered {code}" if code else f"it answered {told_fields(content)}"
                raise Failed(f"the station to refuse {action}" if error else f"an answer to {action}", got)
            return
        if not 200 <= status < 300:
            raise Failed(f"{action} to be sent", refusal(status, content))
        why = "" if answer is None else mismatch(answer, content, scope, "answer")
        if answer is not None and why:
            raise Failed(f"an answer to {action} with {in_words(answer, scope)}", why)
        self._save(step, payload, content)

    async def _request(self, step: Step) -> None:
        scope, api = self._scope(step), self._run.where.api
        if step.station in self._run.witnesses:
            self._mark(step)
        if api is None:
            if by_hand := self._value(step, "by_hand", Kind.TEXT):
                self._run.watcher.said(f"now {by_hand}")
                self._patient = True
            return
        method = self._value(step, "method", Kind.METHOD, "GET")
        path = self._value(step, "path", Kind.TEXT)
        body = resolved(step.arguments.get("body"), scope)
        wanted = resolved(step.arguments.get("status", []), scope)
        answer = step.arguments.get("answer")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._within_s(step)
        while True:
            status, content = await api.ask(method, path, body)
            if status not in wanted if wanted else not 200 <= status < 300:
                raise Failed(
                    f"{method} {path} to be answered with {told(wanted) if wanted else '2xx'}",
                    refusal(status, content),
                )
            why = None if answer is None else mismatch(answer, content, scope)
            if answer is None or why is None:
                break
            if method != "GET" or loop.time() >= deadline:
                raise Failed(f"an answer to {method} {path} with {in_words(answer, scope)}", why)
            await asyncio.sleep(LOOK_AGAIN_S)
        self._save(step, content, content)

    async def _let(self, step: Step) -> None:
        for name, value in step.arguments.items():
            self._run.scope.put(name, resolved(value, self._scope(step)))

    async def _pause(self, step: Step) -> None:
        await asyncio.sleep(self._value(step, "for", Kind.DURATION) / self._run.where.speed)

    async def _say(self, step: Step) -> None:
        self._run.watcher.said(self._value(step, "text", Kind.TEXT))

    async def _repeat(self, step: Step) -> None:
        outer = self._turn
        try:
            for turn in range(1, self._value(step, "times", Kind.TIMES) + 1):
                self._turn = turn
                await self.take(step.arguments["steps"])
        finally:
            self._turn = outer

    async def _chance(self, step: Step) -> None:
        percent = self._value(step, "percent", Kind.PERCENT)
        taken = self._run.scope.chance.uniform(0.0, 100.0) < percent
        await self.take(step.arguments["steps"] if taken else step.arguments.get("otherwise", ()))

    async def _together(self, step: Step) -> None:
        branches = [
            asyncio.create_task(Branch(self._run, self._marks, self._turn).take(steps))
            for steps in step.arguments["branches"]
        ]
        try:
            await asyncio.gather(*branches)
        finally:
            for branch in branches:
                branch.cancel()
            await asyncio.gather(*branches, return_exceptions=True)


_WAYS: Mapping[str, Callable[[Branch, Step], Awaitable[None]]] = {
    "switch_on": Branch._switch_on,
    "switch_off": Branch._switch_off,
    "wait": Branch._wait,
    "expect": Branch._expect,
    "sent": Branch._exchange,
    "received": Branch._exchange,
    "not_sent": Branch._not_sent,
    "command": Branch._command,
    "request": Branch._request,
    "let": Branch._let,
    "pause": Branch._pause,
    "say": Branch._say,
    "repeat": Branch._repeat,
    "chance": Branch._chance,
    "together": Branch._together,
}


def _state_of(station: SimulatedStation, connector_id: int, step: Step) -> dict[str, Any]:
    view = station.view()
    state: dict[str, Any] = {"online": view.online}
    state |= {name: getattr(view, name) for name in view.__struct_fields__ if name != "connectors"}
    if connector_id:
        connector = view.connectors[connector_id - 1]
        state |= {name: getattr(connector, name) for name in connector.__struct_fields__}
    elif lacking := [name for name in step.arguments["state"] if name not in station_fields() | set(state)]:
        raise Misread(f"the station itself has no {lacking[0]}; name a connector from 1")
    state = {name: getattr(value, "value", value) for name, value in state.items()}
    keys = step.arguments["state"].get("configuration")
    if isinstance(keys, Fields):
        found = {name: station.setting(name) for name, _ in keys.fields}
        state["configuration"] = {name: value for name, value in found.items() if value is not None}
    return state
