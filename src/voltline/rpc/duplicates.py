"""The memory of CALLs that were answered, so that a repeated one is answered again but not acted on again.

A peer that lost our answer may send the very same CALL again. Acting on it twice would open a second
transaction or count energy twice. Only results are remembered: a CALL that was refused was not acted on,
so its repetition deserves another try.
"""

# Acting on these again does no harm, and an old answer would do some: a past time, a past state.
ALWAYS_ACTED_ON = frozenset({"Heartbeat", "BootNotification", "Authorize"})


_EMPTY = b"{}"


class AnsweredCalls:
    """The last `limit` answered CALLs of one connection, with the payload that answered each.

    There are thousands of sessions, so neither ids nor texts are kept, but fingerprints of them: Python's own
    string hashes, 64 bits with a secret of this process, at whose collisions nobody can aim.
    """

    __slots__ = ("_answers", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Of the id: of the text, with the payload unless that is {}, as it is for most.
        self._answers: dict[int, int | tuple[int, bytes]] = {}

    def __contains__(self, message_id: str) -> bool:
        return hash(message_id) in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def remember(self, message_id: str, text: str | bytes, payload: bytes) -> None:
        """Keep the answer to the CALL `text`; the oldest is forgotten when there are too many."""
        answers = self._answers
        key = hash(message_id)
        if key in answers:
            del answers[key]
        elif len(answers) >= self._limit:
            del answers[next(iter(answers))]
        answers[key] = hash(text) if payload == _EMPTY else (hash(text), payload)

    def payload_for(self, message_id: str, text: str | bytes) -> bytes | None:
        """What answered this very CALL; None when it is not remembered or its text was another."""
        entry = self._answers.get(hash(message_id))
        if entry is None:
            return None
        fingerprint, payload = (entry, _EMPTY) if isinstance(entry, int) else entry
        return payload if fingerprint == hash(text) else None
