"""What particular charge points get wrong, as data for simulator, central system and inspector alike.

The first reproduces it, the second works around it, the third finds it. Records are matched
by vendor, model and firmware (`registry.Registry`); those that come with Voltline are in `vendors/`, one file
a vendor, and an operator's own have the same form.
"""

from voltline.quirks.adjusting import Note, adjusted, ping_interval_s, warnings
from voltline.quirks.profile import Facts, Match, QuirkProfile, ReadingFault
from voltline.quirks.readings import Corrected, corrected
from voltline.quirks.registry import NO_QUIRKS, Quirks, Registry
from voltline.quirks.schedules import with_fewer_periods

__all__ = [
    "NO_QUIRKS",
    "Corrected",
    "Facts",
    "Match",
    "Note",
    "QuirkProfile",
    "Quirks",
    "ReadingFault",
    "Registry",
    "adjusted",
    "corrected",
    "ping_interval_s",
    "warnings",
    "with_fewer_periods",
]
