"""OCPP.Core's message dump: one file a frame, its time and direction in the file's name; or `NAME:frame`."""

import re

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, Family

__all__ = ["FILE_NAME", "FILE_PER_FRAME"]

FILE_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?:-\d+)?_.*ocpp.*-(?:in|out)\.txt$", re.IGNORECASE)

FILE_PER_FRAME = Family(
    name="ocpp-core-dump",
    # OCPP.Core is a central system: `in` is what the charge point sent.
    heading=re.compile(r"\x1e_(?:(?P<station>.+?)_)?ocpp\d*-(?P<word>in|out)\.txt\s*:?\s*$", re.IGNORECASE),
    words={"in": FROM_STATION, "out": FROM_CENTRAL},
)
