"""What hangs on what: fuses in a tree, each with three phases, and connectors below them.

A *line* is one phase of one fuse, the place where current has a limit. Lines are numbered, so that all sums
are plain lists: line `3 * fuse + phase`, with fuses and phases in the order of the site.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

GRID_PHASES = 3
LINE_VOLTAGE_V = 230.0
"""Between a phase and neutral."""
LEAST_CURRENT_A = 6.0
"""Below it a car on alternating current does not charge (IEC 61851-1)."""


class Rotation(StrEnum):
    """Which phase of the grid each phase of a connector is on: ConnectorPhaseRotation (OCPP 1.6, 9.1.8).

    R, S and T are L1, L2 and L3. With an unknown one, a current counts on all three.
    """

    RST = "RST"
    RTS = "RTS"
    SRT = "SRT"
    STR = "STR"
    TRS = "TRS"
    TSR = "TSR"
    UNKNOWN = "Unknown"


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this second of the local day on, the fuse has so much to give, until the next window."""

    from_s: int
    current_a: float


class Fuse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fuse, breaker or contracted limit; the same for each of its three phases."""

    name: str
    rating_a: float
    above: str = ""
    """The fuse that feeds it; the one of the grid connection has none."""
    others_a: float = 0.0
    """The most that anything but the connectors of this site may draw behind it, per phase. Counts as long as
    no reading of a meter is fresh."""
    margin_a: float = 0.0
    """Kept free on top of what a meter reads: for what rises faster than anybody can be told."""
    windows: tuple[Window, ...] = ()
    """A schedule of every day, for less than the rating; wraps at midnight."""


class Connector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connector of a charge point, as it is wired. Currents are per phase."""

    id: str
    fuse: str
    hardware_a: float = 32.0
    """More than this it cannot give, whatever it is told."""
    phases: int = 3
    rotation: Rotation = Rotation.RST
    least_a: float = LEAST_CURRENT_A
    """Less is a pause. 0 for direct current, where the station converts and any current will do."""
    priority: int = 0
    """Those with more come first."""
    safe_a: float | None = None
    """What it may draw when nobody tells it anything: the fail-safe default. None: the site decides."""
    trusted: bool = True
    """Whether it is taken at its word. If not, it counts with all its hardware can give, always."""
    metered: bool = True
    """Whether it tells its currents. If not, that it obeys is taken from its answer alone."""
    keeps_clock: bool = True
    """Whether its clock survives a reboot without network. If not, no lease lapses while it is away."""
    limits_phases: bool = False
    """Whether it heeds numberPhases. If so, phases that a car does not use are given to others."""


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid connection and all that hangs on it."""

    name: str
    fuses: tuple[Fuse, ...]
    connectors: tuple[Connector, ...]
    zone: str = "UTC"
    """IANA name of the time zone that windows are in."""
    safe_part: float = 0.25
    """Up to this part of what is certain is given away as fail-safe shares, kept free day and night."""
    imbalance_a: float | None = None
    """How much more one phase of the grid connection may be promised than another."""


class InvalidSite(ValueError):
    """A site that cannot be; `problems` are pairs of a path such as `fuses[2].above`, and a sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}: {text}" for path, text in problems))


class Wiring:
    """A site as lines. Connectors and fuses are meant by their place in the site.

    Raises:
        InvalidSite: names of fuses or connectors that are missing or stand twice, a loop, or numbers that
            make no sense; tells them all.
    """

    def __init__(self, site: Site) -> None:
        problems = list(_problems(site))
        if problems:
            raise InvalidSite(problems)
        self.site = site
        self.fuses = {fuse.name: number for number, fuse in enumerate(site.fuses)}
        self.connectors = {one.id: number for number, one in enumerate(site.connectors)}
        self.lines = GRID_PHASES * len(site.fuses)
        self.zone = ZoneInfo(site.zone)
        self.root = next(number for number, fuse in enumerate(site.fuses) if not fuse.above)
        self._lines = [self._lines_of(one) for one in site.connectors]

    def line(self, fuse: int, phase: int) -> int:
        """The number of the line that is this phase, 0 to 2, of this fuse."""
        return GRID_PHASES * fuse + phase

    def phase_lines(self, connector: int) -> tuple[tuple[int, ...], ...]:
        """For each phase of the connector, the lines through which its current flows."""
        return self._lines[connector]

    def lines_used(self, connector: int, phases: int) -> tuple[int, ...]:
        """The lines of the connector's first `phases` phases, each once."""
        if self.site.connectors[connector].rotation is Rotation.UNKNOWN:
            return self._lines[connector][0]
        return tuple(line for lines in self._lines[connector][:phases] for line in lines)

    def path(self, fuse: int) -> Iterator[int]:
        """The fuse and those above it, up to the grid connection."""
        while True:
            yield fuse
            above = self.site.fuses[fuse].above
            if not above:
                return
            fuse = self.fuses[above]

    def label(self, line: int) -> str:
        """Such as `hall B, L2`."""
        return f"{self.site.fuses[line // GRID_PHASES].name}, L{line % GRID_PHASES + 1}"

    def _lines_of(self, one: Connector) -> tuple[tuple[int, ...], ...]:
        path = list(self.path(self.fuses[one.fuse]))
        if one.rotation is Rotation.UNKNOWN:
            everywhere = tuple(self.line(fuse, phase) for fuse in path for phase in range(GRID_PHASES))
            return (everywhere,) * one.phases
        grid = ["RST".index(letter) for letter in one.rotation]
        return tuple(tuple(self.line(fuse, grid[phase]) for fuse in path) for phase in range(one.phases))


def _problems(site: Site) -> Iterator[tuple[str, str]]:
    fuses = {fuse.name: fuse for fuse in site.fuses}
    yield from _twice("fuses", [fuse.name for fuse in site.fuses])
    yield from _twice("connectors", [one.id for one in site.connectors])
    roots = [fuse.name for fuse in site.fuses if not fuse.above]
    if len(roots) != 1:
        named = f"these have none: {', '.join(roots)}" if roots else "all have one"
        yield "fuses", f"exactly one, the grid connection, has no fuse above it; {named}"
    for number, fuse in enumerate(site.fuses):
        path = f"fuses[{number}]"
        if fuse.rating_a <= 0:
            yield f"{path}.rating_a", "a fuse has a rating of more than 0 A"
        if fuse.others_a < 0 or fuse.margin_a < 0:
            yield path, "others_a and margin_a are not below 0 A"
        if fuse.above and fuse.above not in fuses:
            yield f"{path}.above", _missing(fuse.above, fuses)
        elif _loops(fuse, fuses):
            yield f"{path}.above", f"{fuse.name!r} is above itself; the last one above is the grid connection"
        starts = [window.from_s for window in fuse.windows]
        if starts != sorted(set(starts)) or any(not 0 <= start < 86_400 for start in starts):
            yield (
                f"{path}.windows",
                "from_s is a second of the day, 0 to 86399, and rises from one to the next",
            )
        if any(window.current_a < 0 for window in fuse.windows):
            yield f"{path}.windows", "current_a is not below 0 A"
    for number, one in enumerate(site.connectors):
        yield from ((f"connectors[{number}]{at}", text) for at, text in _connector_problems(one, fuses))
    if not 0 <= site.safe_part <= 1:
        yield "safe_part", "a part lies between 0 and 1"
    if site.imbalance_a is not None and site.imbalance_a <= 0:
        yield "imbalance_a", "more than 0 A; leave it out where phases may differ as they like"
    try:
        ZoneInfo(site.zone)
    except (KeyError, ValueError, OSError):
        yield "zone", f"no time zone is called {site.zone!r}; one is Europe/Berlin"


def _connector_problems(one: Connector, fuses: dict[str, Fuse]) -> Iterator[tuple[str, str]]:
    if one.fuse not in fuses:
        yield ".fuse", _missing(one.fuse, fuses)
    if not 1 <= one.phases <= GRID_PHASES:
        yield ".phases", "a connector has 1, 2 or 3 phases"
    if one.hardware_a <= 0 or not 0 <= one.least_a <= one.hardware_a:
        yield "", "hardware_a is more than 0 A, and least_a lies between 0 A and that"
    elif one.safe_a is not None and one.safe_a != 0 and not one.least_a <= one.safe_a <= one.hardware_a:
        yield ".safe_a", f"0 A, or from {one.least_a:g} to {one.hardware_a:g} A; less than that is a pause"


def _twice(where: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, name in enumerate(names):
        if not name:
            yield f"{where}[{number}]", "it needs a name"
        elif name in names[:number]:
            yield f"{where}[{number}]", f"{name!r} stands here twice"


def _missing(name: str, fuses: dict[str, Fuse]) -> str:
    return f"no fuse is called {name!r}; there are {', '.join(sorted(fuses))}"


def _loops(fuse: Fuse, fuses: dict[str, Fuse]) -> bool:
    seen = {fuse.name}
    while fuse.above in fuses:
        if fuse.above in seen:
            return True
        seen.add(fuse.above)
        fuse = fuses[fuse.above]
    return False
