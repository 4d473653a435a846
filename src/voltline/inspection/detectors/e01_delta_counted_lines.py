"""E01: lines of a Delta AC MAX's own log that are harmless once and a fault when they keep coming."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event, Note
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc


class _Line(NamedTuple):
    title: str
    pattern: str
    warning_above: str
    error_above: str | None
    who: Who
    next_step: str


_LINES: Final = {
    "card_reader": _Line(
        "Card reader fault (RYRR20I)",
        r"RYRR20I",
        "card_reader_above",
        None,
        Who.CHARGER_MAKER,
        "Have the card reader and its cable looked at; cards will not be read reliably.",
    ),
    "mcu": _Line(
        "Power board does not take commands",
        r"Send Command\b.*\bFalse\b",
        "mcu_above",
        "mcu_error_above",
        Who.CHARGER_MAKER,
        "Restart the charge point; if it comes back, have the power board looked at.",
    ),
    "backend": _Line(
        "Connection to the back-end fails",
        r"Backend connection fail",
        "backend_above",
        None,
        Who.SITE,
        "Look at the network of the site; compare with the central system's log of the same time.",
    ),
    "load_management": _Line(
        "Load management is not reached",
        r"Load_Mgmt_Comm",
        "load_management_above",
        None,
        Who.SITE,
        "Check the cable and the address of the local load manager, or switch load management off.",
    ),
    "ng": _Line(
        "Self-tests report NG",
        r"(?<![A-Za-z])NG(?![A-Za-z])",
        "ng_above",
        None,
        Who.CHARGER_MAKER,
        "Send these lines to the maker: NG marks a part that did not pass its test.",
    ),
    "tx_command": _Line(
        "Commands between the boards time out",
        r"\[IsTxCmdOK\]\s*Time ?out",
        "tx_command_above",
        "tx_command_error_above",
        Who.CHARGER_MAKER,
        "Restart the charge point; if it comes back, have the boards looked at.",
    ),
    "busy": _Line(
        "Commands of the central system found it busy",
        r"CS Cmd busy",
        "busy_above",
        None,
        Who.BACK_END,
        "Wait for the answer to each command before the next is sent.",
    ),
    "profile": _Line(
        "Charging profile was processed too late",
        r"SetChargingProfileConf process time ?out",
        "profile_above",
        None,
        Who.BACK_END,
        "Send at most 10 periods in a profile, or install firmware 01.26.40 or later.",
    ),
    "over_current": _Line(
        "Over-current protection of the output",
        r"AC output OCP",
        "over_current_above",
        None,
        Who.SITE,
        "Compare the limit with what the vehicle draws; have the wiring looked at if it comes back.",
    ),
}
_ANY = re.compile("|".join(f"(?P<{name}>{line.pattern})" for name, line in _LINES.items()), re.IGNORECASE)


class Settings(DetectorSettings, frozen=True):
    """How many lines are more than a hiccup. All counts are of the whole log."""

    card_reader_above: Annotated[int, doc("Lines of the card reader's fault.")] = 100
    mcu_above: Annotated[int, doc("Failed commands to the power board: a warning.")] = 5
    mcu_error_above: Annotated[int, doc("Failed commands to the power board: its retries are used up.")] = 100
    backend_above: Annotated[int, doc("Failed connections.")] = 5
    load_management_above: Annotated[int, doc("Lines of lost load management.")] = 5
    ng_above: Annotated[int, doc("NG flags.")] = 10
    tx_command_above: Annotated[int, doc("Time-outs between the boards: a warning.")] = 20
    tx_command_error_above: Annotated[int, doc("Time-outs between the boards: an error.")] = 100
    busy_above: Annotated[int, doc("Commands that found it busy.")] = 5
    profile_above: Annotated[int, doc("Profiles that took too long.")] = 0
    over_current_above: Annotated[int, doc("Trips of the over-current protection.")] = 0


class DeltaCountedLines(Detector):
    """Card reader, boards, back-end, load management, self-tests of a Delta AC MAX."""

    id = "E01"
    title = "Delta AC MAX reports trouble"
    severity = Severity.WARNING
    basis = ()
    who = Who.CHARGER_MAKER
    next_step = "Send these lines to the maker."
    explanation = (
        "A Delta AC MAX writes what its parts complain about into its system log. Each such line is harmless "
        "now and then; many show a part that fails. Lines that come with a lost network all winter long, as "
        "at a site without reception, are one finding and not a thousand."
    )
    events = (Note,)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._counts = dict.fromkeys(_LINES, 0)

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count each kind; tell it once it is above its threshold."""
        if _ANY.search(event.record.text) is None:
            return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        match = _ANY.search(event.record.text)
        if match is None or match.lastgroup is None:
            return
        line = _LINES[match.lastgroup]
        count = self._counts[match.lastgroup] = self._counts[match.lastgroup] + 1
        threshold: int = getattr(self.settings, line.warning_above)
        if count <= threshold:
            return
        error = line.error_above is not None and count > getattr(self.settings, line.error_above)
        yield self.finding(
            facts,
            f"{count} such line{'' if count == 1 else 's'} so far.",
            (event.record,),
            title=line.title,
            severity=Severity.ERROR if error else None,
            who=line.who,
            next_step=line.next_step,
            count=count if count == threshold + 1 else 1,
        )
