"""Which detectors look at a log, with which thresholds: by id, from folders of the user's own, as text."""

import difflib
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.registry import InvalidDetector, all_detectors, detectors_in

__all__ = ["Chosen", "InvalidDetector", "InvalidSetting", "UnknownDetector", "choose"]


class UnknownDetector(Exception):
    """No detector has that id."""


class InvalidSetting(Exception):
    """A threshold that the detector does not have, or a value that it cannot have."""


class Chosen(msgspec.Struct):
    """Detectors and the settings of those that do not keep their defaults, by id."""

    detectors: list[type[Detector]]
    settings: Mapping[str, DetectorSettings]


def choose(
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    folders: Sequence[str] = (),
    settings: Iterable[tuple[str, str, str]] = (),
) -> Chosen:
    """The detectors to look with. Ids in any case; an id may be a prefix such as `T` or `R0`."""
    found = all_detectors(module for folder in folders for module in _modules(Path(folder)))
    ids = [one.id for one in found]
    wanted = _ids(only, ids) if only else set(ids)
    wanted -= _ids(without, ids)
    by_id = {one.id: one for one in found}
    values: dict[str, dict[str, str]] = {}
    for name, key, value in settings:
        (detector_id, *others) = sorted(_ids((name,), ids))
        if others:
            raise UnknownDetector(f"{name} is not one detector but {len(others) + 1}; give the whole id")
        values.setdefault(detector_id, {})[key] = value
    return Chosen(
        [one for one in found if one.id in wanted],
        {key: _settings(by_id[key], given) for key, given in values.items()},
    )


def _ids(names: Iterable[str], ids: Sequence[str]) -> set[str]:
    chosen: set[str] = set()
    for name in names:
        exact = [one for one in ids if one.lower() == name.lower()]
        several = exact or [one for one in ids if one.lower().startswith(name.lower()) and name]
        if not several:
            near = difflib.get_close_matches(name.upper(), ids, 3, 0.5)
            hint = f"; near are {', '.join(near)}" if near else "; voltline inspect --list shows all"
            raise UnknownDetector(f"no detector has the id {name!r}{hint}")
        chosen.update(several)
    return chosen


def _settings(detector: type[Detector], given: Mapping[str, str]) -> DetectorSettings:
    kind = type(detector.settings)
    names = [field.name for field in msgspec.structs.fields(kind)]
    values: dict[str, Any] = {name: getattr(detector.settings, name) for name in names}
    for name, text in given.items():
        if name not in names:
            has = f"it has {', '.join(names)}" if names else "it has none"
            raise InvalidSetting(f"{detector.id} has no setting {name!r}; {has}")
        values[name] = text
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as fault:
        raise InvalidSetting(f"{detector.id}: {fault}") from None


def _modules(folder: Path) -> list[ModuleType]:
    """The detector files of a folder, or the one file."""
    if not folder.exists():
        raise InvalidDetector(f"{folder}: there is no such folder of detectors")
    files = [folder] if folder.is_file() else sorted(folder.glob("*.py"))
    loaded = [_loaded(file) for file in files if not file.name.startswith("_")]
    if not any(detectors_in(module) for module in loaded):
        raise InvalidDetector(
            f"{folder}: no detector in it; a detector is a class in a .py file, below voltline.inspection."
            "detector.Detector, with an id"
        )
    return loaded


def _loaded(file: Path) -> ModuleType:
    name = f"voltline_own_detectors_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as fault:
        del sys.modules[name]
        raise InvalidDetector(f"{file}: cannot be loaded: {type(fault).__name__}: {fault}") from fault
    return module
