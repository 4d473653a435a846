"""Finds detectors: those of this package, of entry points, and of a user's folder. No list to keep."""

import pkgutil
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from voltline.inspection import detectors
from voltline.inspection.detector import Detector

__all__ = ["ENTRY_POINTS", "all_detectors", "detectors_in"]

ENTRY_POINTS = "voltline.detectors"
"""The group of entry points: each names a Detector class, or a module that holds some."""


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

    Sorted by id. Raises ValueError if two have one id, or an entry point names no detector.
    """
    found: list[type[Detector]] = []
    for info in pkgutil.iter_modules(detectors.__path__):
        found += detectors_in(import_module(f"{detectors.__name__}.{info.name}"))
    for point in entry_points(group=ENTRY_POINTS):
        named = point.load()
        several: Sequence[type[Detector]] = detectors_in(named) if isinstance(named, ModuleType) else (named,)
        if not several or not all(_is_detector(one) for one in several):
            raise ValueError(f"the entry point {point.name} = {point.value} in {ENTRY_POINTS} is no detector")
        found += several
    for module in extra:
        found += detectors_in(module)
    by_id: dict[str, type[Detector]] = {}
    for one in found:
        other = by_id.setdefault(one.id, one)
        if other is not one:
            raise ValueError(
                f"two detectors have the id {one.id}: {other.__module__} and {one.__module__}; rename one"
            )
    return tuple(by_id[key] for key in sorted(by_id))


def _is_detector(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Detector)
