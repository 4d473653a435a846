"""Lists of measurands as the configuration keys hold them (OCPP 1.6, 3.16 and 9.1.17)."""

from functools import lru_cache

from voltline.messages import Measurand

Selection = tuple[tuple[str, str], ...]
"""Measurands and the phase each is limited to, `""` for all phases."""

_BY_FOLDED = {measurand.casefold(): measurand.value for measurand in Measurand}


@lru_cache(maxsize=256)
def selection_of(listed: str) -> Selection:
    """Read a comma separated list of measurands, each perhaps with a phase: `Voltage.L1`.

    Letters are compared as they are in CiString: their case does not matter. What is no measurand stays as it
    stands, for the reader to refuse.
    """
    return tuple(_measurand_and_phase(item.strip()) for item in listed.split(",") if item.strip())


def _measurand_and_phase(item: str) -> tuple[str, str]:
    whole = _BY_FOLDED.get(item.casefold())
    if whole is not None:
        return whole, ""
    head, _, phase = item.rpartition(".")
    return _BY_FOLDED.get(head.casefold(), item), phase.upper()
