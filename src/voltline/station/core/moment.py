"""The moment at which something happens, handed to the core as an argument."""

from datetime import datetime
from typing import NamedTuple


class Moment(NamedTuple):
    """Now, twice: `monotonic` in seconds for waiting, `utc` (aware) for telling the time.

    The two are never derived from each other, because the wall clock may be set while the station waits.
    """

    monotonic: float
    utc: datetime
