"""Profiles from YAML files; every problem is told at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from voltline.messages import ChargePointErrorCode
from voltline.station.core.hardware import Outlet
from voltline.station.simulator.fleet.profile import (
    HOURS,
    Arrivals,
    Ends,
    Faults,
    Make,
    Network,
    Profile,
    Stay,
    Tags,
)
from voltline.station.simulator.options import SAMPLED, StationOptions
from voltline.station.simulator.yaml_text import (
    Entry,
    Findings,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    Unreadable,
    read_yaml,
    shown,
    unknown,
)

_HERE = "voltline.station.simulator.fleet"


def shipped() -> dict[str, str]:
    """The texts of the profiles that come with Voltline, by name."""
    found = (one for one in (files(_HERE) / "profiles").iterdir() if one.name.endswith(".yaml"))
    return {one.name.removesuffix(".yaml"): one.read_text("utf-8") for one in sorted(found, key=str)}


def read_profile(source: str, text: str) -> Profile:
    """The profile in the text of a file called `source`.

    Raises:
        Unreadable: it is none; names every problem with file, line and column.
    """
    findings = Findings(source)
    top = _Section(findings, read_yaml(source, text), "profile")
    arrivals = top.section("arrivals", required=True)
    stay = top.section("stay", required=True)
    tags, ends = top.section("tags"), top.section("ends")
    faults, network, meter = top.section("faults"), top.section("network"), top.section("meter")
    profile = Profile(
        name=top.text("name", source),
        about=top.text("about", ""),
        makes=_makes(findings, top),
        arrivals=Arrivals(
            cars_a_day=arrivals.number("cars_a_day", 1.0, low=0.001, high=500, required=True),
            by_hour=_by_hour(findings, arrivals),
        ),
        stay=Stay(
            hours=stay.number("hours", 1.0, low=0.01, high=168, required=True),
            spread=stay.number("spread", 0.5, high=1),
        ),
        tags=Tags(
            count=tags.whole("count", 500, low=1, high=1_000_000),
            prefix=tags.text("prefix", "FLEET", longest=12),
            unknown_share=tags.number("unknown_share", 0.0, high=1),
        ),
        ends=Ends(
            tag=ends.number("tag", 0.75),
            unplug=ends.number("unplug", 0.2),
            button=ends.number("button", 0.05),
        ),
        faults=Faults(
            a_thousand_visits=faults.number("a_thousand_visits", 0.0, high=1000),
            last_s=faults.number("last_s", 600.0, low=1),
            codes=_codes(findings, faults),
        ),
        network=Network(
            losses_a_day=network.number("losses_a_day", 0.0, high=1000),
            last_s=network.number("last_s", 300.0, low=1),
        ),
        meter_interval_s=meter.whole("interval_s", 60, high=86_400),
        measurands=meter.text("measurands", SAMPLED, longest=500),
        configuration=top.texts("configuration"),
    )
    if profile.ends.tag + profile.ends.unplug + profile.ends.button <= 0:
        findings.add(ends.place, "one of tag, unplug and button has to be above 0: every visit ends")
    for section in (top, arrivals, stay, tags, ends, faults, network, meter):
        section.refuse_others()
    findings.settle()
    return profile


def _makes(findings: Findings, top: _Section) -> tuple[Make, ...]:
    entry = top.take("stations")
    if entry is None or not isinstance(entry.node, Sequence) or not entry.node.items:
        place = top.place if entry is None else entry.node.place
        findings.add(place, "a profile needs 'stations', a list of at least one make of station")
        return ()
    makes = []
    for node in entry.node.items:
        make = _Section(findings, node, "make of station")
        phases = make.whole("phases", 3, high=3)
        if phases == 2:
            findings.add(make.place, "a station has 1 or 3 phases, or 0 for direct current, not 2")
        cable = make.word("cable", Outlet.SOCKET.value, [one.value for one in Outlet])
        makes.append(
            Make(
                share=make.number("share", 1.0, low=0.001),
                options=StationOptions(
                    vendor=make.text("vendor", "Voltline", longest=20),
                    model=make.text("model", "Simulated", longest=20),
                    firmware_version=make.text("firmware", "1.0.0", longest=50),
                    connectors=make.whole("connectors", 1, low=1, high=99),
                    power_w=make.number("power_kw", 11.0, low=1, high=1000) * 1000.0,
                    phases=phases,
                    outlet=Outlet(cable),
                ),
            )
        )
        make.refuse_others()
    return tuple(makes)


def _by_hour(findings: Findings, arrivals: _Section) -> tuple[float, ...]:
    entry = arrivals.take("by_hour")
    if entry is None:
        return (1.0,) * HOURS
    weights = [0.0] * HOURS
    if not isinstance(entry.node, Mapping):
        findings.add(
            entry.node.place, "by_hour takes a weight by hour, as in '7: 30'; hours not named have none"
        )
        return tuple(weights)
    for name, weight in entry.node.entries.items():
        if not name.isdecimal() or int(name) >= HOURS:
            findings.add(weight.key_place, f"an hour is 0 to {HOURS - 1}, not {name!r}")
            continue
        value = weight.node.value if isinstance(weight.node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            findings.add(weight.node.place, f"a weight is a number from 0 up, not {shown(weight.node)}")
            continue
        weights[int(name)] = float(value)
    if not sum(weights):
        findings.add(entry.node.place, "no hour has a weight above 0: no car would ever come")
    return tuple(weights)


def _codes(findings: Findings, faults: _Section) -> tuple[ChargePointErrorCode, ...]:
    entry = faults.take("codes")
    if entry is None:
        return Faults().codes
    nodes = entry.node.items if isinstance(entry.node, Sequence) else (entry.node,)
    known = {code.value: code for code in ChargePointErrorCode if code != ChargePointErrorCode.NO_ERROR}
    codes = []
    for node in nodes:
        code = known.get(node.text) if isinstance(node, Scalar) else None
        if code is None:
            name = node.text if isinstance(node, Scalar) else shown(node)
            findings.add(node.place, unknown("error code", name, known))
        else:
            codes.append(code)
    if not nodes:
        findings.add(entry.node.place, "codes names at least one error code")
    return tuple(codes)


class _Section:
    """A mapping of the file, from which named values are taken; what is left over is refused."""

    def __init__(self, findings: Findings, node: Node | None, what: str) -> None:
        self._findings = findings
        self._what = what
        self._known: list[str] = []
        self._entries: dict[str, Entry] = {}
        self.place = Place(1, 1) if node is None else node.place
        if isinstance(node, Mapping):
            self._entries = dict(node.entries)
        elif node is not None:
            findings.add(node.place, f"a {what} is written as names and values, not as {shown(node)}")

    def take(self, name: str) -> Entry | None:
        self._known.append(name)
        return self._entries.pop(name, None)

    def section(self, name: str, *, required: bool = False) -> _Section:
        entry = self.take(name)
        if entry is None and required:
            self._findings.add(self.place, f"{name!r} is missing from the {self._what}")
        return _Section(self._findings, None if entry is None else entry.node, name)

    def number(
        self, name: str, default: float, *, low: float = 0, high: float = 1e9, required: bool = False
    ) -> float:
        entry = self.take(name)
        if entry is None:
            if required and self._entries:
                self._findings.add(self.place, f"{name!r} is missing from {self._what}")
            return default
        value = entry.node.value if isinstance(entry.node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            range_ = f"from {low:g} to {high:g}" if high < 1e9 else f"from {low:g} up"
            self._findings.add(entry.node.place, f"{name} is a number {range_}, not {shown(entry.node)}")
            return default
        return float(value)

    def whole(self, name: str, default: int, *, low: int = 0, high: int = 10**9) -> int:
        entry = self._entries.get(name)
        value = self.number(name, default, low=low, high=high)
        if entry is not None and value != int(value):
            self._findings.add(entry.node.place, f"{name} is a whole number, not {shown(entry.node)}")
        return int(value)

    def text(self, name: str, default: str, *, longest: int = 10_000) -> str:
        entry = self.take(name)
        if entry is None:
            return default
        if not isinstance(entry.node, Scalar) or not 0 < len(entry.node.text) <= longest:
            self._findings.add(
                entry.node.place, f"{name} is a text of 1 to {longest} characters, not {shown(entry.node)}"
            )
            return default
        return entry.node.text

    def word(self, name: str, default: str, words: Iterable[str]) -> str:
        entry = self._entries.get(name)
        value, known = self.text(name, default), tuple(words)
        if entry is not None and value not in known:
            self._findings.add(entry.node.place, f"{name} is {' or '.join(known)}, not {value!r}")
            return default
        return value

    def texts(self, name: str) -> tuple[tuple[str, str], ...]:
        entry = self.take(name)
        if entry is None:
            return ()
        if not isinstance(entry.node, Mapping):
            self._findings.add(entry.node.place, f"{name} takes names and values, not {shown(entry.node)}")
            return ()
        pairs = []
        for key, value in entry.node.entries.items():
            if isinstance(value.node, Scalar):
                pairs.append((key, value.node.text))
            else:
                self._findings.add(value.node.place, f"{key} takes one value, not {shown(value.node)}")
        return tuple(pairs)

    def refuse_others(self) -> None:
        """Complain of every name that nothing was taken by."""
        for name, entry in self._entries.items():
            self._findings.add(entry.key_place, unknown(f"part of the {self._what}", name, self._known))


__all__ = ["Unreadable", "read_profile", "shipped"]
