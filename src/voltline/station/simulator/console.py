"""Words that people type, and what they mean: the table of verbs, read from a line."""

from enum import Enum

from voltline.station.simulator.actions import VERBS, Action, Misunderstood
from voltline.station.simulator.verbs import Argument, Verb

__all__ = ["HELP", "Misunderstood", "action_of"]

_OF_THE_PROMPT = {
    "status": "what every connector is doing",
    "help": "this; 'help VERB' says what goes with it",
    "quit": "end transactions and leave",
}
_LEGEND = "N is a connector, 1 unless you say another. Arguments may also be written name=value."


def action_of(line: str) -> Action | None:
    """What a typed line asks for, None for an empty one.

    Arguments stand in their order or as `name=value`. One that may be left out is passed over by a word that
    cannot be it: in `stop 2`, `stop Other` and `stop 2 Other` each word finds its place. A lone number of one
    or two digits is a connector and not an id tag.

    `status`, `help` and `quit` are not for the station and are not known here.

    Raises:
        Misunderstood: it is no command, or not with these words after it.
    """
    words = line.split()
    if not words:
        return None
    verb = VERBS.get(words[0].lower())
    if verb is None:
        raise Misunderstood(f"no command is called {words[0]!r}; 'help' lists them")
    if verb.action.typed_rest:
        split = len(verb.arguments)
        words = [*words[:split], *([" ".join(words[split:])] if words[split:] else [])]
    return verb.read(_placed(verb, words[1:]), strict=False)


def help_of(verb: str) -> str:
    """What goes with a verb, an argument a line.

    Raises:
        Misunderstood: there is no such verb.
    """
    row = VERBS.get(verb.lower())
    if row is None:
        raise Misunderstood(f"no command is called {verb!r}; 'help' lists them")
    lines = [f"{usage(row)}  {row.help}"]
    width = max((len(one.name) for one in row.arguments), default=0) + 2
    for one in row.arguments:
        default = one.default.value if isinstance(one.default, Enum) else one.default
        ends = "" if one.required or default is None or default == "" else f" [{default}]"
        lines.append(f"  {one.name:<{width}}{one.help}{ends}")
        if issubclass(one.type, Enum):
            lines.append(f"  {'':<{width}}{', '.join(str(member.value) for member in one.type)}")
    return "\n".join(lines)


def usage(verb: Verb) -> str:
    """A verb with its arguments, those in brackets that may be left out, as in `plug [N]`."""
    words = [_shown(one) if one.required else f"[{_shown(one)}]" for one in verb.arguments]
    return " ".join([verb.name, *words])


def _shown(argument: Argument) -> str:
    if argument.name == "connector_id":
        return "N"
    return argument.name.upper()


def _placed(verb: Verb, words: list[str]) -> dict[str, object]:
    placed: dict[str, object] = {}
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if equals and any(one.name == name for one in verb.arguments):
            placed[name] = value
            continue
        free = [one for one in verb.arguments if one.name not in placed]
        if not free:
            raise Misunderstood(f"nothing can be done with {word!r}: expected {usage(verb)!r}")
        last = place == len(words) - 1
        fitting = next((one for one in free if one.required or _may_be(one, word, last)), None)
        if fitting is None:
            _refuse(verb, free, word)
        else:
            placed[fitting.name] = word
    return placed


def _may_be(argument: Argument, word: str, last: bool) -> bool:
    if issubclass(argument.type, Enum):
        return any(str(member.value).casefold() == word.casefold() for member in argument.type)
    if argument.type is bool:
        return word.lower() in ("true", "false")
    if argument.type in (int, float):
        return word.replace(".", "", argument.type is float).isdigit()
    return not (argument.name == "id_tag" and last and word.isdigit() and len(word) < 3)


def _refuse(verb: Verb, free: list[Argument], word: str) -> None:
    for argument in free:
        if issubclass(argument.type, Enum) and not word.isdigit():
            verb.read({argument.name: word})  # says which words there are
    expected = "a number" if free[0].type in (int, float) else free[0].type.__name__
    raise Misunderstood(
        f"{word!r} is no {free[0].name.removesuffix('_id')}: expected {expected}, as in {usage(verb)!r}"
    )


def _help() -> str:
    rows = {usage(verb): verb.help for verb in VERBS.values()} | _OF_THE_PROMPT
    width = max(len(row) for row in rows) + 2
    return "\n".join([*(f"{row:<{width}}{text}" for row, text in rows.items()), _LEGEND])


HELP = _help()
