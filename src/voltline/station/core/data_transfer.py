"""Messages that only their vendor defines, both ways (OCPP 1.6, 4.3 and 5.6)."""

from collections.abc import Callable

from voltline.messages import (
    UNSET,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    UnsetType,
)
from voltline.station.core.bench import Bench
from voltline.station.core.happenings import DataSent, Failed, ImpossibleHappening
from voltline.station.core.intents import Matter
from voltline.station.core.outbox import Outbox

Handler = Callable[[str | None], DataTransferResponse]
"""Takes the data (None: there was none) and gives the answer. It must not wait."""

Handlers = dict[str, dict[str | None, Handler]]
"""By vendor and message, both casefolded; None is any message."""

LONGEST_VENDOR_ID = 255
LONGEST_MESSAGE_ID = 50


class DataTransfers:
    """The vendors that this station knows, and the messages of each; names are compared without case."""

    __slots__ = ("_bench", "_outbox", "handlers")

    def __init__(self, bench: Bench, outbox: Outbox) -> None:
        self._bench = bench
        self._outbox = outbox
        self.handlers: Handlers = {}
        """May be replaced by those of another core, which a loss of power has ended."""

    def register(self, vendor_id: str, message_id: str | None, handler: Handler) -> None:
        """Answer this message of this vendor; `message_id` None: whatever messageId it has, or none.

        A later registration of the same message replaces the earlier one.
        """
        message = None if message_id is None else message_id.casefold()
        self.handlers.setdefault(vendor_id.casefold(), {})[message] = handler

    def answer(self, request: DataTransfer) -> DataTransferResponse:
        """The handler's answer, or which of the two ids nobody knows."""
        messages = self.handlers.get(request.vendor_id.casefold())
        if messages is None:
            return DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
        message = None if isinstance(request.message_id, UnsetType) else request.message_id.casefold()
        handler = messages.get(message) or messages.get(None)
        if handler is None:
            return DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID)
        return handler(None if isinstance(request.data, UnsetType) else request.data)

    def send(self, happening: DataSent) -> None:
        """Send it in its turn; its answer is told to the people. What is lost is not repeated.

        Raises:
            ImpossibleHappening: an id is missing or too long for the message.
        """
        vendor_id, message_id = happening.vendor_id, happening.message_id
        if not 0 < len(vendor_id) <= LONGEST_VENDOR_ID:
            raise ImpossibleHappening(f"a vendor id has 1 to {LONGEST_VENDOR_ID} characters")
        if message_id is not None and len(message_id) > LONGEST_MESSAGE_ID:
            raise ImpossibleHappening(f"a message id has {LONGEST_MESSAGE_ID} characters at most")
        about = f"data for {vendor_id}" + (f" ({message_id})" if message_id else "")

        def answered(response: DataTransferResponse) -> None:
            data = "" if isinstance(response.data, UnsetType) else f", {response.data}"
            self._bench.tell(Matter.STATUS, f"{about}: {response.status}{data}")

        def failed(failure: Failed) -> None:
            text = f"{failure.failure.value} {failure.text}".rstrip()
            self._bench.tell(Matter.STATUS, f"{about}: not delivered, {text}")

        request = DataTransfer(
            vendor_id=vendor_id,
            message_id=UNSET if message_id is None else message_id,
            data=UNSET if happening.data is None else happening.data,
        )
        self._outbox.post(request, answered, failed)
