"""Words that people type, and what they mean."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from voltline.messages import ChargePointErrorCode, Reason
from voltline.station.simulator.actions import (
    Action,
    ClearFault,
    Configure,
    GoOffline,
    GoOnline,
    PlugIn,
    Present,
    PressStop,
    RaiseFault,
    StartCharging,
    Unplug,
)

Word = TypeVar("Word", Reason, ChargePointErrorCode)

HELP = """\
plug [N]           a car plugs in at connector N (1 unless you say another)
unplug [N]         the cable is pulled and the car leaves
tag TAG [N]        hold a tag to the reader: starts, or stops what it started
start [TAG] [N]    plug in, if need be, and present the tag
stop [N] [REASON]  end the transaction at the station (Local, EmergencyStop, Other...)
fault CODE [N]     a fault shows (GroundFailure, HighTemperature...); N 0 is the station itself
clear [N]          the fault is repaired
offline, online    lose the network, get it back
set KEY VALUE      set a configuration key, by the rules of ChangeConfiguration
status             what every connector is doing
help               this
quit               end transactions and leave"""


class Misunderstood(ValueError):  # its text is shown as it stands
    """The line is no command; the text says why and what would be one."""


def actions_of(line: str, default_tag: str) -> tuple[Action, ...]:
    """What a typed line asks for, in order; nothing for an empty one.

    `status`, `help` and `quit` are not for the station and are not known here.

    Raises:
        Misunderstood: it is no command, or not with these words after it.
    """
    words = line.split()
    if not words:
        return ()
    verb, *rest = words
    read = _VERBS.get(verb.lower())
    if read is None:
        raise Misunderstood(f"no command is called {verb!r}; 'help' lists them")
    return read(verb.lower(), rest, default_tag)


def _connector(verb: str, words: Sequence[str], default: int = 1) -> int:
    if len(words) > 1:
        raise Misunderstood(f"'{verb}' takes one connector, not {' '.join(words)!r}")
    if not words:
        return default
    if not words[0].isdigit():
        raise Misunderstood(f"{words[0]!r} is no connector: expected a number, as in '{verb} 1'")
    return int(words[0])


def _one(make: Callable[[int], Action]) -> Callable[[str, Sequence[str], str], tuple[Action, ...]]:
    return lambda verb, words, _: (make(_connector(verb, words)),)


def _alone(action: Action) -> Callable[[str, Sequence[str], str], tuple[Action, ...]]:
    def read(verb: str, words: Sequence[str], _: str) -> tuple[Action, ...]:
        if words:
            raise Misunderstood(f"'{verb}' takes nothing after it")
        return (action,)

    return read


def _tag(verb: str, words: Sequence[str], default_tag: str) -> tuple[Action, ...]:
    if not words:
        return (Present(default_tag),)
    return (Present(words[0], _connector(verb, words[1:]) if words[1:] else None),)


def _start(verb: str, words: Sequence[str], default_tag: str) -> tuple[Action, ...]:
    if len(words) == 1 and words[0].isdigit() and len(words[0]) < 3:
        words = [default_tag, words[0]]
    tag = words[0] if words else default_tag
    connector_id = _connector(verb, words[1:])
    return (StartCharging(tag, connector_id),)


def _stop(verb: str, words: Sequence[str], _: str) -> tuple[Action, ...]:
    numbers = [word for word in words if word.isdigit()]
    reasons = [word for word in words if not word.isdigit()]
    if len(reasons) > 1:
        raise Misunderstood(f"'{verb}' takes one reason, not {' '.join(reasons)!r}")
    reason = _member(Reason, "reason", reasons[0]) if reasons else Reason.LOCAL
    return (PressStop(_connector(verb, numbers), reason),)


def _fault(verb: str, words: Sequence[str], _: str) -> tuple[Action, ...]:
    if not words:
        raise Misunderstood(f"'{verb}' needs an error code, as in '{verb} GroundFailure 1'")
    code = _member(ChargePointErrorCode, "error code", words[0])
    return (RaiseFault(code, _connector(verb, words[1:])),)


def _set(verb: str, words: Sequence[str], _: str) -> tuple[Action, ...]:
    if not words:
        raise Misunderstood(f"'{verb}' needs a key and a value, as in '{verb} HeartbeatInterval 60'")
    return (Configure(words[0], " ".join(words[1:])),)


def _member(kind: type[Word], what: str, word: str) -> Word:
    for member in kind:
        if member.casefold() == word.casefold():
            return member
    raise Misunderstood(f"no {what} is called {word!r}; there are {', '.join(kind)}")


_VERBS: dict[str, Callable[[str, Sequence[str], str], tuple[Action, ...]]] = {
    "plug": _one(PlugIn),
    "unplug": _one(Unplug),
    "tag": _tag,
    "start": _start,
    "stop": _stop,
    "fault": _fault,
    "clear": _one(ClearFault),
    "offline": _alone(GoOffline()),
    "online": _alone(GoOnline()),
    "set": _set,
}
