"""Finds detectors: those of this package, of entry points, and of a user's folder. No list to keep."""

import pkgutil
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from voltline.inspection import detectors
from voltline.inspection.detector import Detector

__all__ = ["ENTRY_POINTS", "InvalidDetector", "all_detectors", "detectors_in"]

ENTRY_POINTS = "voltline.detectors"
"""The group of entry points: each names a Detector class, or a module that holds some."""


_NEEDED = ("title", "severity", "basis", "who", "next_step", "explanation", "events")


class InvalidDetector(ValueError):
    """A detector that is not the package's own cannot be loaded, or is none; the text says which and why."""


def detectors_in(module: ModuleType) -> tuple[type[Detector], ...]:
    """The detectors that a module defines (not those that it imports)."""
    return tuple(
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Detector)
        and value.__module__ == module.__name__
        and hasattr(value, "id")
    )


def all_detectors(extra: Iterable[ModuleType] = ()) -> tuple[type[Detector], ...]:
    """Every detector: of this package, of installed packages (entry points), and of the `extra` modules.

    Sorted by id. Raises InvalidDetector if two have one id, one is incomplete, or an entry point names none.
    """
    found: list[type[Detector]] = []
    for info in pkgutil.iter_modules(detectors.__path__):
        found += detectors_in(import_module(f"{detectors.__name__}.{info.name}"))
    for point in entry_points(group=ENTRY_POINTS):
        found += _named_by(point)
    for module in extra:
        found += detectors_in(module)
    for one in found:
        lacking = [name for name in _NEEDED if not hasattr(one, name)]
        if lacking:
            raise InvalidDetector(f"the detector {one.id} ({one.__module__}) lacks {', '.join(lacking)}")
    by_id: dict[str, type[Detector]] = {}
    for one in found:
        other = by_id.setdefault(one.id, one)
        if other is not one:
            raise InvalidDetector(
                f"two detectors have the id {one.id}: {other.__module__} and {one.__module__}; rename one"
            )
    return tuple(by_id[key] for key in sorted(by_id))


def _named_by(point: EntryPoint) -> Sequence[type[Detector]]:
    what = f"the entry point {point.name} = {point.value} in {ENTRY_POINTS}"
    try:
        named = point.load()
    except Exception as fault:
        raise InvalidDetector(f"{what} cannot be loaded: {type(fault).__name__}: {fault}") from fault
    several: Sequence[type[Detector]] = detectors_in(named) if isinstance(named, ModuleType) else (named,)
    if not several or not all(_is_detector(one) for one in several):
        raise InvalidDetector(f"{what} is no detector, nor a module that holds one")
    return several


def _is_detector(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Detector) and hasattr(thing, "id")
