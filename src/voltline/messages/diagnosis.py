"""The second, patient look at a payload: every deviation at once, and the message that can be made of it.

It walks the JSON along the shapes of the declarations. A value that cannot be read is UNREADABLE; the
nearest thing around it that can do without says so in its fallback (a field that is left out, a stand-in,
an item that is left out). Where there is none, the message is refused.
"""

from collections.abc import Iterable

from msgspec import UNSET

from voltline.messages.action import Payload
from voltline.messages.deviation import CODES, Deviation, DeviationKind, shown
from voltline.messages.error_codes import ErrorCode
from voltline.messages.json_text import JsonError, Members, Number, parse
from voltline.messages.scalars import (
    UNREADABLE,
    named,
    read_decimal_number,
    read_instant_value,
    read_text,
    read_true_or_false,
    read_whole_number,
    read_word,
)
from voltline.messages.shapes import (
    DecimalNumber,
    Field,
    Instant,
    Items,
    Object,
    Shape,
    Text,
    TrueOrFalse,
    WholeNumber,
    Word,
)

MAX_LISTED = 100
"""Deviations listed of one message. A long StopTransaction can have the same one in every sample."""

MAX_ENDURED = 10_000
"""Deviations after which the rest of a message is not looked at, and the message refused."""


class _EnduranceError(Exception):
    """A message has more than MAX_ENDURED deviations."""


class Findings:
    """The deviations of one message, in the order of its fields, with a limit to their number."""

    __slots__ = ("_listed", "_more", "_usable")

    def __init__(self) -> None:
        self._listed: list[Deviation] = []
        self._more = 0
        self._usable = True

    def add(
        self,
        path: str,
        kind: DeviationKind,
        text: str,
        *,
        usable: bool = True,
        code: ErrorCode | None = None,
    ) -> None:
        self.extend((Deviation(path, kind, text, code or CODES[kind], usable),))

    def extend(self, deviations: Iterable[Deviation]) -> None:
        for one in deviations:
            # The first one that refuses the message is listed whatever the limit: it is the answer.
            if len(self._listed) < MAX_LISTED or (self._usable and not one.usable):
                self._listed.append(one)
            else:
                self._more += 1
                if self._more == MAX_ENDURED - MAX_LISTED:
                    raise _EnduranceError
            self._usable = self._usable and one.usable

    def listed(self) -> tuple[Deviation, ...]:
        if not self._more:
            return tuple(self._listed)
        kind = DeviationKind.TOO_LARGE
        text = f"{self._more} more deviations are not listed"
        return (*self._listed, Deviation("$", kind, text, CODES[kind], usable=True))


def diagnose(
    shape: Object, raw: bytes, findings: Findings, *, command: bool, max_size: int
) -> Payload | None:
    """Read a payload with all its faults into `findings`.

    The message is None if and only if a finding is not usable. `command` says that the payload is a
    request which only the central system sends. Never raises for what is in `raw`.
    """
    try:
        read = parse(raw, max_size=max_size)
    except JsonError as fault:
        findings.add("$", fault.kind, fault.text, usable=False)
        return None
    for fault_text in read.faults:
        findings.add("$", DeviationKind.BAD_TEXT, fault_text)
    value = read.value
    if value is None:
        # OCPP-J 1.6, 4.2.1 allows it, its schemas do not.
        findings.add("$", DeviationKind.EXPLICIT_NULL, "the payload is null; read as an empty object")
        value = Members([])
    if not isinstance(value, Members):
        text = f"the payload is {named(value)}, not an object"
        findings.add("$", DeviationKind.WRONG_TYPE, text, usable=False)
        return None
    try:
        message = _Walk(findings, command).read_object(shape, value, "$", None)
    except _EnduranceError:
        text = f"there are more than {MAX_ENDURED} deviations; the rest is not read"
        findings.add("$", DeviationKind.TOO_LARGE, text, usable=False)
        return None
    return message if isinstance(message, Payload) else None


class _Walk:
    """One walk through one payload.

    `fallback` is, everywhere, how a sentence about an unreadable value ends when something further out
    can do without it; None when nothing can.
    """

    __slots__ = ("command", "findings")

    def __init__(self, findings: Findings, command: bool) -> None:
        self.findings = findings
        self.command = command

    def read(self, shape: Shape, value: object, path: str, fallback: str | None) -> object:
        if isinstance(shape, Object):
            return self.read_object(shape, value, path, fallback)
        if isinstance(shape, Items):
            return self.read_items(shape, value, path, fallback)
        problems: list[tuple[DeviationKind, str]] = []
        result = self._scalar(shape, value, problems)
        if result is UNREADABLE:
            kind, text = problems.pop()
            self._unreadable(path, kind, text, fallback)
        for kind, text in problems:
            self.findings.add(path, kind, text)
        return result

    def _scalar(
        self,
        shape: WholeNumber | DecimalNumber | TrueOrFalse | Text | Instant | Word,
        value: object,
        problems: list[tuple[DeviationKind, str]],
    ) -> object:
        def note(kind: DeviationKind, text: str) -> None:
            problems.append((kind, text))

        match shape:
            case WholeNumber():
                return read_whole_number(shape, value, note)
            case DecimalNumber():
                return read_decimal_number(shape, value, note)
            case TrueOrFalse():
                return read_true_or_false(value, note)
            case Text():
                return read_text(shape, value, note)
            case Instant():
                return read_instant_value(value, note)
            case Word():
                return read_word(shape, value, note, command=self.command)

    def _unreadable(
        self,
        path: str,
        kind: DeviationKind,
        text: str,
        fallback: str | None,
        code: ErrorCode | None = None,
    ) -> None:
        said = text if fallback is None else f"{text}; {fallback}"
        self.findings.add(path, kind, said, usable=fallback is not None, code=code)

    def read_items(self, shape: Items, value: object, path: str, fallback: str | None) -> object:
        if isinstance(value, str) and not value.strip():
            self._unreadable(path, DeviationKind.BLANK, "the text is blank; a list was expected", fallback)
            return UNREADABLE
        if not isinstance(value, list):
            text = f"{named(value)} stands where a list was expected; read as a list of one"
            self.findings.add(path, DeviationKind.WRONG_TYPE, text)
            value = [value]
        if len(value) < shape.min_length:
            text = f"the list has {len(value)} items; at least {shape.min_length} is needed"
            if self.command:
                self._unreadable(path, DeviationKind.EMPTY_LIST, text, None)
                return UNREADABLE
            self.findings.add(path, DeviationKind.EMPTY_LIST, text)
        read: list[object] = []
        broken = False
        for position, item in enumerate(value):
            item_path = f"{path}[{position}]"
            for inner_path, inner in self._unwrapped(shape.item, item, item_path):
                can_do_without = not (self.command or shape.whole)
                without = f"{inner_path} is left out" if can_do_without else fallback
                result = self.read(shape.item, inner, inner_path, without)
                if result is not UNREADABLE:
                    read.append(result)
                elif not can_do_without:
                    broken = True
        return UNREADABLE if broken else read

    def _unwrapped(self, shape: Shape, item: object, path: str) -> list[tuple[str, object]]:
        """The item; or those inside it, where OCPP 1.5 put a wrapper around them."""
        wrapped = shape.wrapped if isinstance(shape, Object) else None
        if wrapped is None or not isinstance(item, Members) or set(item) != {wrapped}:
            return [(path, item)]
        inside = item[wrapped]
        if not isinstance(inside, list) or not all(
            isinstance(i, Members) and "timestamp" in i for i in inside
        ):
            return [(path, item)]
        text = f'the items stand inside an object "{wrapped}", as in OCPP 1.5'
        self.findings.add(_member(path, wrapped), DeviationKind.UNKNOWN_FIELD, text)
        return [(f"{_member(path, wrapped)}[{position}]", inner) for position, inner in enumerate(inside)]

    def read_object(self, shape: Object, value: object, path: str, fallback: str | None) -> object:
        members = self._members(shape, value, path, fallback)
        if members is None:
            return UNREADABLE
        keys = self._keys(shape, members, path)
        read: dict[str, object] = {}
        broken = False
        for field in shape.fields:
            result = self._field(field, keys.get(field.name), members, path, fallback)
            if result is UNREADABLE:
                broken = True
            elif result is not UNSET:
                read[field.name] = result
        taken = set(keys.values())
        for key in members:
            if key not in taken:
                usable = self._unknown(shape, key, path, fallback)
                broken = broken or not usable
        return UNREADABLE if broken else shape.type(**read)

    def _members(self, shape: Object, value: object, path: str, fallback: str | None) -> Members | None:
        if isinstance(value, Members):
            return value
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Members):
            text = "a list of one object stands where the object was expected"
            self.findings.add(path, DeviationKind.WRONG_TYPE, text)
            return value[0]
        if shape.bare is not None and isinstance(value, str | Number):
            text = f"{named(value)} stands where an object was expected; read as its {shape.bare}"
            self.findings.add(path, DeviationKind.WRONG_TYPE, text)
            return Members([(shape.bare, value)])
        text = f"{named(value)} stands where an object was expected"
        self._unreadable(path, DeviationKind.WRONG_TYPE, text, fallback)
        return None

    def _keys(self, shape: Object, members: Members, path: str) -> dict[str, str]:
        """Under which key each field came, by the field's name; absent fields are not in it."""
        keys = {field.name: field.wire for field in shape.fields if field.wire in members}
        spare = {key.casefold(): key for key in members if key not in shape.wires}
        if not spare:
            return keys
        for field in shape.fields:
            if field.name in keys:
                continue
            for name in (field.wire, *field.aliases):
                key = spare.pop(name.casefold(), None)
                if key is not None:
                    keys[field.name] = key
                    text = f"{shown(key)} is not the name of the field; read as {field.wire}"
                    self.findings.add(_member(path, key), DeviationKind.UNKNOWN_FIELD, text)
                    break
        return keys

    def _field(
        self, field: Field, key: str | None, members: Members, parent: str, fallback: str | None
    ) -> object:
        """The field's value or stand-in; UNSET where it is left out, UNREADABLE where the object breaks."""
        path = _member(parent, key if key is not None else field.wire)
        if field.required and field.stand_in is not None and not self.command:
            fallback = field.stand_in.said
        elif not field.required and not self.command:
            fallback = f"{path} is left out"
        result: object
        if key is None:
            if not field.required:
                return UNSET
            self._unreadable(path, DeviationKind.MISSING, "the field is missing", fallback)
            result = UNREADABLE
        else:
            result = self._given(field, members[key], members.repeated.get(key), path, fallback)
        if result is not UNREADABLE or self.command:
            return result
        if field.stand_in is not None:
            return field.stand_in.make()
        return UNREADABLE if field.required else UNSET

    def _given(
        self, field: Field, value: object, repeated: list[object] | None, path: str, fallback: str | None
    ) -> object:
        if repeated is not None and not self._agreed(field, repeated, path, fallback):
            return UNREADABLE
        if value is None:
            if not field.required:
                text = "the field is null; read as absent"
                self.findings.add(path, DeviationKind.EXPLICIT_NULL, text)
                return UNSET
            self._unreadable(path, DeviationKind.EXPLICIT_NULL, "the field is null", fallback)
            return UNREADABLE
        if not field.required and not self.command and isinstance(field.shape, Word) and _blank(value):
            self.findings.add(path, DeviationKind.BLANK, f"the text is blank; {fallback}")
            return UNSET
        return self.read(field.shape, value, path, fallback)

    def _agreed(self, field: Field, values: list[object], path: str, fallback: str | None) -> bool:
        text = f"the key stands {len(values)} times in the object"
        if all(value == values[0] for value in values):
            self.findings.add(path, DeviationKind.DUPLICATE_KEY, f"{text}, each time with the same value")
            return True
        if field.precious or self.command:
            said = f"{text}, with different values; none of them is certain"
            self._unreadable(path, DeviationKind.DUPLICATE_KEY, said, fallback)
            return False
        said = f"{text}, with different values; the last one is read"
        self.findings.add(path, DeviationKind.DUPLICATE_KEY, said)
        return True

    def _unknown(self, shape: Object, key: str, parent: str, fallback: str | None) -> bool:
        """Note a field that no declaration has. False when that makes the object unreadable."""
        path = _member(parent, key)
        text = f"{shape.type.__name__} has no field {shown(key)}"
        if shape.closed and self.command:
            text = f"{text}; without it the command would do more than it may mean"
            self._unreadable(path, DeviationKind.UNKNOWN_FIELD, text, fallback)
            return False
        self.findings.add(path, DeviationKind.UNKNOWN_FIELD, f"{text}; it is passed over")
        return True


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _member(parent: str, key: str) -> str:
    return f"{parent}.{key}" if key.isidentifier() and len(key) <= 60 else f"{parent}[{shown(key)}]"
