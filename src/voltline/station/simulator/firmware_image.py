"""What a simulated station takes for firmware."""

import re
import threading
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voltline.station.device.transfers import ORIGIN, BadImage

VERSION = re.compile(r"\d+(?:\.\d+)+[0-9A-Za-z-]*")
BROKEN = b"BROKEN"
BEGINNING_BYTES = 64


class SimulatedInstaller:
    """Installs any file, in `install_s` seconds. Its version is the one in its name, as in `fw-2.0.bin`.

    It refuses an empty file, a web page (what a portal sends instead of a file), and a file that begins with
    `BROKEN`, so that a failing installation can be tried out.
    """

    def __init__(self, install_s: float) -> None:
        self._install_s = install_s

    def install(self, image: Path, cancelled: threading.Event) -> str:
        """The version; a name without one gives the beginning of the file's SHA-256.

        Raises:
            BadImage: see above.
        """
        cancelled.wait(self._install_s)
        content = image.read_bytes()
        beginning = content[:BEGINNING_BYTES].lstrip()
        if not content:
            raise BadImage("the file is empty")
        if beginning.startswith(b"<"):
            raise BadImage("the file is a web page, not firmware")
        if beginning.startswith(BROKEN):
            raise BadImage("the file says that it is broken")
        found = VERSION.findall(_file_name(image.with_name(ORIGIN).read_text("utf-8")))
        return found[-1] if found else sha256(content).hexdigest()[:12]


def _file_name(location: str) -> str:
    name = unquote(urlsplit(location).path).rpartition("/")[2]
    return re.sub(r"\.(bin|zip|img|gz|tar|fw|hex|signed|swu)$", "", name)
