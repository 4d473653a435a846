"""Spans of time in words."""

__all__ = ["span"]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def span(seconds: float) -> str:
    """So many seconds as a person says it, in its two largest units: `2 d 3 h`, `1 h 5 min`, `42 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 and seconds != int(seconds) else f"{seconds:.0f} s"
    left = round(seconds)
    said: list[str] = []
    for size, unit in _UNITS:
        if left >= size:
            said.append(f"{left // size} {unit}")
            left %= size
        elif said:
            break
        if len(said) == 2:
            break
    return " ".join(said)
