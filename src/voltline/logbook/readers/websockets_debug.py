"""The Python library `websockets` at level DEBUG. It cuts the middle out of long frames."""

import re

from voltline.logbook.readers.family import RECEIVED, SENT, Family

WEBSOCKETS_DEBUG = Family(
    name="websockets-debug",
    heading=re.compile(r"(?:\[(?P<logger>websockets[\w.]*)\]\ )?(?P<word>[<>])\ TEXT\ ['\"]$", re.VERBOSE),
    words={"<": RECEIVED, ">": SENT},
    opened=re.compile(r"[<>] GET (?P<text>(?:/[^\s/?]*)*/(?P<station>[^\s/?]+)\S*) HTTP/1\.1"),
    closed=re.compile(
        r"websockets[\w.]*\] (?:[<>x!=] )?"
        r"(?P<text>CLOSE .*|connection (?:closed|lost).*|(?:closing|failing) .*connection.*)$"
    ),
    trailer=re.compile(r"['\"](?: \[(?:text, )?(?P<bytes>\d+) bytes[^\]]*\])?\s*$"),
)
