"""The memory of CALLs that were answered, so that a repeated one is answered again but not acted on again.

A peer that lost our answer may send the very same CALL again. Acting on it twice would open a second
transaction or count energy twice. Only results are remembered: a CALL that was refused was not acted on,
so its repetition deserves another try.
"""

# Acting on these again does no harm, and an old answer would do some: a past time, a past state.
ALWAYS_ACTED_ON = frozenset({"Heartbeat", "BootNotification", "Authorize"})


class AnsweredCalls:
    """The last `limit` answered CALLs of one connection: message id, fingerprint of the text, payload.

    The text itself is not kept, it may be long and there are thousands of sessions. The fingerprint is
    Python's own string hash, 64 bits with a secret of this process, so nobody can aim at a collision.
    """

    __slots__ = ("_answers", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: dict[str, tuple[int, bytes]] = {}

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def remember(self, message_id: str, text: str | bytes, payload: bytes) -> None:
        """Keep the answer to the CALL `text`; the oldest is forgotten when there are too many."""
        answers = self._answers
        # One shared object for the answer that most have.
        entry = (hash(text), b"{}" if payload == b"{}" else payload)
        if message_id in answers:
            del answers[message_id]
        elif len(answers) >= self._limit:
            del answers[next(iter(answers))]
        answers[message_id] = entry

    def payload_for(self, message_id: str, text: str | bytes) -> bytes | None:
        """What answered this very CALL; None when it is not remembered or its text was another."""
        entry = self._answers.get(message_id)
        if entry is None or entry[0] != hash(text):
            return None
        return entry[1]
