"""Python's search for cycles, told to let a process alone that hardly makes any."""

from __future__ import annotations

import gc


def search_seldom(*, generations: tuple[int, int] = (20, 50)) -> None:
    """Search what is there now once, and never again; what comes, only when there is much of it.

    For processes of ours whose objects go by themselves, such as messages, or stay for as long as the process
    does: looking through all of them again and again would be what costs most. `generations`: how many
    searches of the young bring one of the older, and of these one of all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, *generations)
