"""Chargers whose software is written with Qt. They log values, not frames."""

import re

from voltline.logbook.readers.family import Family

QT_CHARGER = Family(
    name="qt-charger",
    heading=re.compile(r"^\x1e\s+--\s"),
    words={},
    note=re.compile(r"^\x1e\s+--\s|QJson(?:Object|Document|Array)\("),
)
