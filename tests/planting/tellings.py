"""The same traffic as others log it: other forms, other zones, without times, in part, damaged."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

from tests.planting.lines import Line, written

Telling = Callable[[Sequence[Line], Random], str]


def _frames(lines: Sequence[Line], form: Callable[[Line], str]) -> str:
    return "".join(f"{form(line)} {line.text}\n" for line in lines if line.is_frame)


def _local(lines: Sequence[Line]) -> str:
    east = timedelta(hours=5, minutes=30)
    return _frames(lines, lambda line: f"{line.at + east:%Y-%m-%d %H:%M:%S},123 {_word(line)}")


def _word(line: Line) -> str:
    return f"INFO:ocpp:{line.station}: {'receive message' if line.kind == 'in' else 'send'}"


def _of_the_station(line: Line) -> str:
    word = "send" if line.kind == "in" else "receive message"
    return f"{line.at:%Y-%m-%d %H:%M:%S},{line.at.microsecond // 1000:03} INFO:ocpp:{line.station}: {word}"


def _by_syslog(line: Line) -> str:
    word = _word(line).removeprefix("INFO:ocpp:")
    return f"{line.at:%b} {line.at.day:2} {line.at:%H:%M:%S} host csms[12]: {word}"


def _with_arrows(line: Line) -> str:
    way = "->" if line.kind == "in" else "<-"
    return f"{line.at:%Y-%m-%d %H:%M:%S} [{line.station} {way} backend]"


def _in_brackets(line: Line) -> str:
    word = "got" if line.kind == "in" else "sending"
    return f"{line.at:%Y-%m-%d %H:%M:%S} [INFO] [main] [{line.station}] {word}"


def _by_both(lines: Sequence[Line]) -> str:
    """The charge point's log and the central system's in one, by loggers of one name."""
    text = []
    for line in lines:
        if line.is_frame:
            head = f"{line.at:%Y-%m-%d %H:%M:%S},{line.at.microsecond // 1000:03} INFO:ocpp:{line.station}:"
            text += [f"{head} send {line.text}\n", f"{head} receive message {line.text}\n"]
    return "".join(text)


def _cut(text: str) -> str:
    return "".join(
        line if len(line) < 400 else f"{line[:380]}...\n" for line in text.splitlines(keepends=True)
    )


WHOLE: dict[str, Telling] = {
    "as it is": lambda lines, _: written(lines),
    "with Windows' line ends": lambda lines, _: written(lines).replace("\n", "\r\n"),
    "with a byte order mark": lambda lines, _: "\ufeff" + written(lines),
    "through docker compose": lambda lines, _: "".join(
        f"app-1  | {line}" for line in written(lines).splitlines(keepends=True)
    ),
    "in local time": lambda lines, _: _local(lines),
    "by the charge point": lambda lines, _: _frames(lines, _of_the_station),
    "through syslog": lambda lines, _: _frames(lines, _by_syslog),
    "by both sides": lambda lines, _: _by_both(lines),
    "with arrows between both sides": lambda lines, _: _frames(lines, _with_arrows),
    "with identities in brackets": lambda lines, _: _frames(lines, _in_brackets),
    "without years": lambda lines, _: _frames(
        lines, lambda line: f"{line.at:%b} {line.at.day:2} {line.at:%H:%M:%S} {_word(line)}"
    ),
}
"""Nothing is lost but the thousandths of a second, and where connections begin and end."""

IN_PART: dict[str, Telling] = {
    "without times": lambda lines, _: _frames(lines, _word),
    "without marks of connections": lambda lines, _: written([line for line in lines if line.is_frame]),
    "only what the charge points sent": lambda lines, _: written([one for one in lines if one.kind != "out"]),
    "only what the central system sent": lambda lines, _: written([one for one in lines if one.kind != "in"]),
    "without answers": lambda lines, _: written([one for one in lines if not one.text.startswith("[3,")]),
    "from the middle on": lambda lines, chance: written(lines[chance.randrange(len(lines)) :]),
    "from the middle on, without times": lambda lines, chance: _frames(
        lines[chance.randrange(len(lines)) :], _word
    ),
    "to the middle": lambda lines, chance: written(lines[: chance.randrange(1, len(lines))]),
    "with its last line cut": lambda lines, chance: written(lines)[: -chance.randrange(1, 150)],
    "with long lines cut": lambda lines, _: _cut(written(lines)),
}
"""What is missing is nobody's fault."""
