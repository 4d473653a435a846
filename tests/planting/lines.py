"""A log that can be edited before it is written: in the form of SteVe, which marks connections too."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

_LOGGER = "de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp24-36) -"
_WORDS = {
    "in": "Received: ",
    "out": "Sending: ",
    "opened": "Connection is established",
    "closed": "Connection is closed, status: CloseStatus[code=1006, reason=Session Closed]",
}


class Line(msgspec.Struct, eq=False):
    """One line. `kind` is `in` and `out` as the central system sees it, `opened`, `closed`, or `note`."""

    at: datetime
    station: str
    connection: str
    kind: str
    text: str

    @property
    def frame(self) -> list[Any]:
        """The frame; a new one each time, see `rewrite`."""
        frame: list[Any] = msgspec.json.decode(self.text)
        return frame

    @property
    def is_frame(self) -> bool:
        return self.kind in ("in", "out")

    @property
    def action(self) -> str:
        """Of a CALL; empty of everything else."""
        if not self.text.startswith("[2,"):
            return ""
        return self.text.split('"', 4)[3]

    @property
    def message_id(self) -> str:
        return self.text.split('"', 2)[1]

    @property
    def payload(self) -> dict[str, Any]:
        """Of a CALL or a result; a new one each time, see `rewrite`."""
        payload: dict[str, Any] = self.frame[-1]
        return payload

    def rewrite(self, **fields: Any) -> None:
        """Give the payload other fields; None takes one out."""
        frame = self.frame
        for name, value in fields.items():
            if value is None:
                frame[-1].pop(name, None)
            else:
                frame[-1][name] = value
        self.text = msgspec.json.encode(frame).decode()


def written(lines: Iterable[Line]) -> str:
    """The text of the log."""
    return "".join(_written(line) for line in lines)


def _written(line: Line) -> str:
    if line.kind == "note":
        return f"{line.text}\n"
    return (
        f"[INFO ] {line.at:%Y-%m-%d %H:%M:%S},{line.at.microsecond // 1000:03} {_LOGGER} "
        f"[chargeBoxId={line.station}, sessionId={line.connection}] {_WORDS[line.kind]}{line.text}\n"
    )
