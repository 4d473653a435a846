"""Which word beside the frames of a log of unknown form is the charge point's identity.

A level, a thread or a logger stands in the same places. But what belongs to one charge point is a talk of its
own: a call and its answer bear the same word, and the words take turns.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from voltline.inspection.records import Record
from voltline.inspection.timeline import frame_of
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame

__all__ = ["place_of_names"]

FRAMES_OF_EACH: Final = 4
"""Where words do not look like identities: of fewer frames each they are numbers of calls or messages."""
LEAST_PAIRS: Final = 2
_IDENTITY: Final = re.compile(
    r"(?!csms|cpms|cpu|evcc|event)(?:CP|CS|CB|EV|charg|station|wall|box|pile)[\w.*-]*\d", re.IGNORECASE
)


def place_of_names(frames: Sequence[Record]) -> int | None:
    """The index into `Record.beside` of the charge points' names; None if none is shown to be that."""
    places = range(max((len(one.beside) for one in frames), default=0))
    return next(
        (place for is_it in (_are_names, _is_a_name) for place in places if is_it(frames, place)), None
    )


def _is_a_name(frames: Sequence[Record], place: int) -> bool:
    """Whether all bear one word that looks like an identity: the log is of one charge point."""
    words = {one.beside[place] if len(one.beside) > place else "" for one in frames}
    return len(words) == 1 and _IDENTITY.match(words.pop()) is not None


def _are_names(frames: Sequence[Record], place: int) -> bool:
    told = [(one.beside[place], one) for one in frames if len(one.beside) > place]
    words = Counter(word for word, _ in told)
    if len(words) < 2:
        return False
    if not all(_IDENTITY.match(word) for word in words):
        turns = sum(one != other for (one, _), (other, _) in pairwise(told))
        if turns < len(words) or len(told) < FRAMES_OF_EACH * len(words):
            return False  # one after the other: connections, or files
    return _keep_together(told) and not _tell_the_same(told)


def _keep_together(told: Sequence[tuple[str, Record]]) -> bool:
    """Whether calls and their answers bear the same word, of at least two words."""
    asked: dict[str, list[str]] = {}
    together: set[str] = set()
    pairs = apart = 0
    for word, record in told:
        frame = frame_of(record)
        if isinstance(frame, CallFrame):
            asked.setdefault(frame.message_id, []).append(word)
        elif isinstance(frame, CallResultFrame | CallErrorFrame) and frame.message_id in asked:
            askers = asked[frame.message_id]
            if word in askers:
                askers.remove(word)
                together.add(word)
                pairs += 1
            else:
                apart += 1
    return len(together) > 1 and pairs >= LEAST_PAIRS and apart * 20 <= pairs


def _tell_the_same(told: Sequence[tuple[str, Record]]) -> bool:
    """Whether the words are of loggers that tell the same frames, each in its own way."""
    texts = {(word, record.text) for word, record in told}
    several = Counter(text for _, text in texts)
    return sum(count > 1 for count in several.values()) * 2 > len(several)
