"""Two sessions back to back: what one sends the other receives, when the test says so."""

from voltline.rpc import Event, Session


class Link:
    """A charge point's and a central system's Session, and a clock that only the test moves."""

    def __init__(self, *, call_timeout_s: float = 30.0, queue_limit: int = 100) -> None:
        self.station = Session(call_timeout_s=call_timeout_s, queue_limit=queue_limit)
        self.central = Session(call_timeout_s=call_timeout_s, queue_limit=queue_limit)
        self.now = 1000.0

    def to_central(self) -> list[Event]:
        """Carry what the station sends; the events at the central system."""
        return self._carry(self.station, self.central)

    def to_station(self) -> list[Event]:
        """Carry what the central system sends; the events at the station."""
        return self._carry(self.central, self.station)

    def _carry(self, sender: Session, receiver: Session) -> list[Event]:
        events = [receiver.receive(text, self.now) for text in sender.texts_to_send()]
        return [event for event in events if event is not None]
