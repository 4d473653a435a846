"""E02: error codes EV0081 to EV0126 in a Delta AC MAX's own log."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from voltline.inspection.detector import Detector
from voltline.inspection.events import Event, Note
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who

_CODE = re.compile(r"\bEV0(0(?:8[1-9]|9\d)|1(?:[01]\d|2[0-6]))\b")
_RECOVERY = re.compile(r"\b0x1[0-9A-Fa-f]{4}\b")
_STATE_D = re.compile(r"\bState[ _:=]*D\b", re.IGNORECASE)


class _Meaning(NamedTuple):
    title: str
    severity: Severity
    who: Who
    next_step: str


_MEANINGS: Final = {
    "EV0082": _Meaning(
        "Over-current (EV0082)",
        Severity.WARNING,
        Who.SITE,
        "Compare the current limit of the switches in the charge point with the limit that OCPP sets.",
    ),
    "EV0086": _Meaning(
        "Residual current self-test failed, locked out (EV0086)",
        Severity.ERROR,
        Who.SITE,
        "Have an electrician check the residual current device; it stays locked until a restart.",
    ),
    "EV0091": _Meaning(
        "Pilot signal fault (EV0091)",
        Severity.WARNING,
        Who.SITE,
        "Try another vehicle and look at the plug and its pilot contact.",
    ),
    "EV0103": _Meaning(
        "Limited to no power (EV0103)",
        Severity.WARNING,
        Who.BACK_END,
        "Look for the limit that leaves no current: OCPP profile, load manager, switches.",
    ),
    "EV0106": _Meaning(
        "Phase fault (EV0106)",
        Severity.ERROR,
        Who.SITE,
        "Have an electrician check the order of the phases and that none is missing.",
    ),
}


class DeltaErrorCodes(Detector):
    """EV00xx, with what is known of it; recovery codes only end one."""

    id = "E02"
    title = "Error of a Delta AC MAX"
    severity = Severity.WARNING
    basis = ()
    who = Who.CHARGER_MAKER
    next_step = "Look the code up in the maker's manual and see what happened just before it."
    explanation = (
        "A Delta AC MAX names its faults EV0081 to EV0126; a code such as 0x11002 says that one is over. Few "
        "of them are explained here, and the others are told by their number. EV0091 together with state D "
        "is an artefact of a charge point tester, not of a vehicle, and told for information only."
    )
    events = (Note,)

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Each code has its own finding."""
        text = event.record.text
        match = _CODE.search(text)
        if match is None or _RECOVERY.search(text):
            return
        code = match.group()
        tester = code == "EV0091" and _STATE_D.search(text) is not None
        meaning = _MEANINGS.get(code)
        yield self.finding(
            facts,
            f"{code} was logged" + (", in state D: a tester was connected." if tester else "."),
            (event.record,),
            title=f"{self.title}: {code}" if meaning is None else meaning.title,
            severity=Severity.INFO if tester else None if meaning is None else meaning.severity,
            who=None if meaning is None else meaning.who,
            next_step=None if meaning is None else meaning.next_step,
        )
