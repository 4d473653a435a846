"""One transaction, from the first closing of the contactor to its last reading."""

from datetime import datetime

from voltline.messages import MeterValue


class Transaction:
    """What the station remembers of a running transaction. Energy in watt hours."""

    __slots__ = (
        "began",
        "connector_id",
        "id_tag",
        "kept",
        "meter_start_wh",
        "number",
        "parent_id_tag",
        "refused",
        "samples",
        "started_at",
        "stride",
    )

    def __init__(
        self,
        number: int,
        connector_id: int,
        id_tag: str,
        parent_id_tag: str | None,
        meter_start_wh: int,
        started_at: datetime,
        began: float,
    ) -> None:
        self.number = number
        """The station's own count; the central system's number comes with the answer to the start."""
        self.connector_id = connector_id
        self.id_tag = id_tag
        self.parent_id_tag = parent_id_tag
        self.meter_start_wh = meter_start_wh
        self.started_at = started_at
        """By the station's clock, as reported."""
        self.began = began
        """The same moment in seconds of the monotonic clock."""
        self.refused = False
        """The central system did not accept the tag, and the transaction goes on without energy."""
        self.kept: list[MeterValue] = []
        """Readings for StopTransaction.transactionData, in the order they were taken."""
        self.samples = 0
        """Periodic samples taken so far."""
        self.stride = 1
        """Of so many periodic samples one is kept."""
