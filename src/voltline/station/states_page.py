"""The page docs/reference/connector-states.md, drawn from the table of the core.

`python -m voltline.station.states_page > docs/reference/connector-states.md` writes it anew; a test compares.
"""

import sys
from collections.abc import Iterator

from voltline.station.core.status import ROWS, TRANSITIONS, WITHOUT_CONNECTOR, Cause, code

_HEAD = """\
# The states of a connector

A simulated charge point, and one built on `voltline.station`, has exactly the states and changes of
OCPP 1.6, 4.9 with its errata. They are one table, `voltline.station.core.status`; this page is drawn from
it. A change that the table lacks cannot happen: the core would raise an error rather than tell it.

`Faulted` lies over the other states. The connector keeps the state underneath, whatever happens moves that
state on by the same table, and a resolved fault gives it back.
"""

_CAUSES = {
    Cause.USE_BEGINS: "somebody is about to charge: a plug, a tag, a remote start",
    Cause.ENERGY_FLOWS: "the contactor is closed and the vehicle takes energy",
    Cause.EV_SUSPENDS: "the station is willing, the vehicle takes nothing",
    Cause.EVSE_SUSPENDS: "the station offers nothing: a limit, a refused tag",
    Cause.USER_MUST_ACT: "the transaction is over or no tag came, and the cable is still in",
    Cause.FREED: "nothing is left to do",
    Cause.RESERVED: "ReserveNow for this connector",
    Cause.WITHDRAWN: "taken out of service, at once or as scheduled",
    Cause.FAULT: "a fault that prevents charging",
}


def page() -> str:
    """The whole page, in Markdown."""
    sections = (_diagram(), _causes(), _matrix(), _station())
    return "\n".join([_HEAD, *("\n".join(lines) + "\n" for lines in sections)]).rstrip() + "\n"


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {ROWS[0]}"
    for source, row in TRANSITIONS.items():
        for cause, target in row.items():
            if cause is not Cause.FAULT:
                yield f"    {source} --> {target}: {code(source, target)}"
    yield "```"
    yield ""
    yield "Left out: every state can become `Faulted` (A9 to H9) and come back (I1 to I8)."


def _causes() -> Iterator[str]:
    yield "| cause | what happens | changes |"
    yield "|---|---|---|"
    for cause, words in _CAUSES.items():
        codes = sorted(code(source, row[cause]) for source, row in TRANSITIONS.items() if cause in row)
        yield f"| {cause.name} | {words} | {' '.join(codes)} |"
    resolved = sorted(code(ROWS[-1], source) for source, row in TRANSITIONS.items() if Cause.FAULT in row)
    yield f"| (resolved) | the fault is over | {' '.join(resolved)} |"


def _matrix() -> Iterator[str]:
    yield "## The matrix"
    yield ""
    yield "| from | " + " | ".join(f"{number} {status}" for number, status in enumerate(ROWS, start=1)) + " |"
    yield "|---" * (len(ROWS) + 1) + "|"
    for letter, source in zip("ABCDEFGHI", ROWS, strict=True):
        targets = {*TRANSITIONS[source].values()}
        if source is ROWS[-1]:
            targets = {status for status, row in TRANSITIONS.items() if Cause.FAULT in row}
        cells = (code(source, target) if target in targets else "" for target in ROWS)
        yield f"| **{letter} {source}** | " + " | ".join(cells) + " |"


def _station() -> Iterator[str]:
    yield "## Connector 0"
    yield ""
    states = ", ".join(f"`{status}`" for status in ROWS if status in WITHOUT_CONNECTOR)
    yield f"The station itself has only {states}, whatever its connectors do."


if __name__ == "__main__":
    sys.stdout.write(page())
