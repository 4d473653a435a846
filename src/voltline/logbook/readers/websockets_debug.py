"""The Python library `websockets` at level DEBUG. It cuts the middle out of long frames."""

import re

from voltline.logbook.readers.family import RECEIVED, SENT, Family

WEBSOCKETS_DEBUG = Family(
    name="websockets-debug",
    # `[websockets.server] < TEXT '`, `DEBUG:websockets.server:< TEXT '`; before version 10.3
    # `DEBUG:websockets.protocol:server < Frame(fin=True, opcode=1, data=b'`
    heading=re.compile(
        r"(?:(?P<logger>websockets[\w.]*)[^<>]{0,40})?(?P<word>[<>])\ "
        r"(?:TEXT\ |Frame\(fin=\w+,\ opcode=(?:1|<Opcode\.TEXT:\ 1>),\ data=b?)['\"]$",
        re.VERBOSE,
    ),
    words={"<": RECEIVED, ">": SENT},
    opened=re.compile(r"[<>] GET (?P<text>(?:/[^\s/?]*)*/(?P<station>[^\s/?]+)\S*) HTTP/1\.1"),
    closed=re.compile(
        r"websockets[\w.]*(?:\] |:| - \w+ - )(?:(?:server|client) )?(?:[<>x!=] )?"
        r"(?P<text>CLOSE .*|connection (?:closed|lost).*|(?:closing|failing) .*connection.*)$"
    ),
    trailer=re.compile(
        r"['\"](?: \[(?:text, )?(?P<bytes>\d+) bytes[^\]]*\]|, rsv1=\w+, rsv2=\w+, rsv3=\w+\))?\s*$"
    ),
)
