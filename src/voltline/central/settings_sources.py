"""Where settings come from: defaults, a file, the environment, flags; in rising order.

`load` collects every problem before it complains, and each problem names the place (file and line,
variable or flag), the key and what is allowed there.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from voltline.central.domain.authorization import UnknownTags
from voltline.central.settings import Settings

DEFAULT_FILE = "voltline.toml"
DEFAULT_SOURCE = "default"
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Declaration(Struct, frozen=True, kw_only=True):
    """One setting as it is declared: `section.key`, its type and what is said about it."""

    section: str
    key: str
    annotation: Any
    kind: msgspec.inspect.Type
    default: Any
    description: str
    unit: str | None
    secret: bool
    allowed: str

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"VOLTLINE_{self.section}_{self.key}".upper()


class Given(Struct, frozen=True):
    """A value that somebody gave: for which setting, what, and where it stands."""

    name: str
    value: Any
    where: str


class Problem(Struct, frozen=True):
    """One thing that is wrong with the settings."""

    where: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.text}" if self.key else f"{self.where}: {self.text}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds all that is wrong with them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Loaded(Struct, frozen=True):
    """The settings that hold, and for each (`section.key`) the place that it comes from."""

    settings: Settings
    sources: Mapping[str, str]

    def lines(self) -> Iterator[str]:
        """What `--print-config` prints: valid TOML, the source of each value as its comment."""
        section = ""
        for name, declaration in declarations().items():
            if declaration.section != section:
                if section:
                    yield ""
                section = declaration.section
                yield f"[{section}]"
            value = getattr(getattr(self.settings, section), declaration.key)
            shown = toml_value(redacted(value) if declaration.secret else value)
            yield f"{f'{declaration.key} = {shown}':<46} # {self.sources[name]}"


def load(
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Iterable[Given] = (),
) -> Loaded:
    """The settings that hold.

    `config` is read and must exist; without it `voltline.toml` of the current folder is read if it is
    there. Raises SettingsError with everything that is wrong.
    """
    environment = environment or {}
    problems: list[Problem] = []
    given: list[Given] = []
    if config is None and (named := environment.get("VOLTLINE_CONFIG")):
        config = Path(named)
    if config is not None or Path(DEFAULT_FILE).exists():
        given += _from_file(config or Path(DEFAULT_FILE), problems)
    given += _from_environment(environment, problems)
    given += flags

    values: dict[str, dict[str, Any]] = {}
    sources = dict.fromkeys(declarations(), DEFAULT_SOURCE)
    for one in given:
        declaration = declarations().get(one.name)
        if declaration is None:
            problems.append(Problem(one.where, one.name, _unknown(one.name)))
            continue
        try:
            value = msgspec.convert(_typed(one.value, declaration), declaration.annotation)
        except (msgspec.ValidationError, ValueError):
            shown = "a secret that" if declaration.secret else toml_value(one.value)
            problems.append(
                Problem(one.where, one.name, f"{shown} is not allowed; give {declaration.allowed}")
            )
            continue
        values.setdefault(declaration.section, {})[declaration.key] = value
        sources[one.name] = one.where
    if problems:
        raise SettingsError(problems)
    settings = msgspec.convert(values, Settings)
    _check_together(settings, sources)
    return Loaded(settings, sources)


def assignment(text: str) -> Given:
    """The setting that `--set section.key=value` gives. Raises SettingsError when it has no `=`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(
            [Problem(f"--set {text}", "", "give section.key=value, such as ocpp.strict=true")]
        )
    return Given(name.strip(), value.strip(), f"--set {name.strip()}")


@functools.cache
def declarations() -> Mapping[str, Declaration]:
    """Every setting by its name `section.key`, in the order of declaration."""
    found: dict[str, Declaration] = {}
    for section in _struct(Settings).fields:
        assert isinstance(section.type, msgspec.inspect.StructType)
        cls = section.type.cls
        annotations = typing.get_type_hints(cls, include_extras=True)
        for field in section.type.fields:
            kind, extra, description = field.type, {}, ""
            if isinstance(kind, msgspec.inspect.Metadata):
                extra = kind.extra or {}
                description = (kind.extra_json_schema or {}).get("description", "")
                kind = kind.type
            declaration = Declaration(
                section=section.name,
                key=field.name,
                annotation=annotations[field.name],
                kind=kind,
                default=field.default,
                description=description,
                unit=extra.get("unit"),
                secret=extra.get("secret", False),
                allowed=extra.get("allowed") or _allowed(kind),
            )
            found[declaration.name] = declaration
    return found


def toml_value(value: object) -> str:
    """A value as it is written in voltline.toml."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return msgspec.json.encode(str(value)).decode()
    return str(value)


def redacted(url: object) -> str:
    """A database address without its password."""
    parts = urlsplit(str(url))
    if parts.password is None:
        return str(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def _struct(cls: type) -> msgspec.inspect.StructType:
    kind = msgspec.inspect.type_info(cls)
    assert isinstance(kind, msgspec.inspect.StructType)
    return kind


def _from_file(path: Path, problems: list[Problem]) -> Iterator[Given]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "", "is not a text in UTF-8"))
        return
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(str(path), "", f"is not valid TOML: {error}"))
        return
    lines = _line_numbers(text)

    def where(name: str) -> str:
        return f"{path}:{lines[name]}" if name in lines else str(path)

    sections = {declaration.section for declaration in declarations().values()}
    for section, table in content.items():
        if section not in sections:
            problems.append(Problem(where(section), section, _unknown(section)))
        elif not isinstance(table, dict):
            problems.append(
                Problem(where(section), section, f"is a table: write [{section}] and its keys below")
            )
        else:
            for key, value in table.items():
                name = f"{section}.{key}"
                yield Given(name, value, where(name))


def _line_numbers(text: str) -> dict[str, int]:
    """The line of each table and key; keys in inline tables are not found, and need not be."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([A-Za-z0-9_.\- ]+?)\s*\]", line):
            table = header[1]
            lines.setdefault(table, number)
        elif assigned := re.match(r"\s*([A-Za-z0-9_\-]+(?:\s*\.\s*[A-Za-z0-9_\-]+)*)\s*=", line):
            key = re.sub(r"\s", "", assigned[1])
            lines.setdefault(f"{table}.{key}" if table else key, number)
    return lines


def _from_environment(environment: Mapping[str, str], problems: list[Problem]) -> Iterator[Given]:
    """Variables of the form VOLTLINE_SECTION_KEY.

    Other VOLTLINE_ variables are let be, since other programs set some of their own (Kubernetes does
    for a service of that name), unless they look like a misspelt setting.
    """
    names = {declaration.variable: declaration.name for declaration in declarations().values()}
    sections = {declaration.section.upper() for declaration in declarations().values()}
    for variable, value in sorted(environment.items()):
        if variable in names:
            yield Given(names[variable], value, variable)
        elif variable.startswith("VOLTLINE_"):
            near = difflib.get_close_matches(variable, names, n=1, cutoff=0.85)
            of_a_section = variable.removeprefix("VOLTLINE_").partition("_")[0] in sections
            if near or of_a_section:
                hint = (
                    f"did you mean {near[0]}?" if near else "voltline serve --print-config lists all settings"
                )
                problems.append(Problem(variable, "", f"there is no such setting; {hint}"))


def _typed(value: object, declaration: Declaration) -> object:
    """A text from the environment or a flag as the type that the setting has.

    Raises ValueError when it does not read as one.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    match declaration.kind:
        case msgspec.inspect.BoolType():
            if text.lower() not in _WORDS:
                raise ValueError(text)
            return _WORDS[text.lower()]
        case msgspec.inspect.IntType():
            return int(text)
        case msgspec.inspect.FloatType():
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number
        case msgspec.inspect.EnumType():
            return text.lower()
        case _:
            return text


def _allowed(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            noun = "a whole number" if isinstance(kind, msgspec.inspect.IntType) else "a number"
            if kind.ge is not None and kind.le is not None:
                return f"{noun} from {kind.ge} to {kind.le}"
            return noun if kind.ge is None else f"{noun} of at least {kind.ge}"
        case msgspec.inspect.EnumType():
            *most, last = (member.value for member in kind.cls)
            return f"{', '.join(most)} or {last}"
        case msgspec.inspect.StrType(min_length=least) if least:
            return "a text that is not empty"
        case _:
            return "a text"


def _unknown(name: str) -> str:
    """What to say about a table or `section.key` that does not exist."""
    sections = list(dict.fromkeys(declaration.section for declaration in declarations().values()))
    section, _, key = name.rpartition(".")
    in_section = [declared.key for declared in declarations().values() if declared.section == section]
    near = [full for full in declarations() if full.endswith(f".{key}")]
    if in_section:
        near = near or [f"{section}.{close}" for close in difflib.get_close_matches(key, in_section, n=1)]
    else:
        near = near or difflib.get_close_matches(section or key, sections, n=1)
    if near:
        return f"there is no such setting; did you mean {' or '.join(near)}?"
    if in_section:
        return f"there is no such setting; [{section}] has {', '.join(in_section)}"
    return f"there is no such setting; the tables are {', '.join(sections)}"


def _check_together(settings: Settings, sources: Mapping[str, str]) -> None:
    """Rules over more than one setting."""
    ocpp, http = settings.ocpp, settings.http
    if ocpp.port == http.port != 0 and ocpp.host == http.host:
        text = f"{http.port} is taken by ocpp.port ({sources['ocpp.port']}); give two different ports"
        raise SettingsError([Problem(sources["http.port"], "http.port", text)])
    authorization = settings.authorization
    if authorization.unknown_tags is UnknownTags.ASK and not authorization.ask_url:
        text = "nobody can be asked: give authorization.ask_url as well"
        where = sources["authorization.unknown_tags"]
        raise SettingsError([Problem(where, "authorization.unknown_tags", text)])
