"""Cells of CSV that a spreadsheet shows and does not compute."""

import re
from typing import Any

import msgspec

__all__ = ["safe_cell", "unsafe_text"]

_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?")


def safe_cell(value: Any) -> str:
    """A value as the text of a cell. One that a spreadsheet would compute gets an apostrophe before it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if _is_formula(value) else value
        case int() | float():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode()


def unsafe_text(cell: str) -> str:
    """The text that `safe_cell` made this cell of."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet may compute it: https://owasp.org/www-community/attacks/CSV_Injection."""
    text = text.lstrip("'")  # so that an apostrophe that was there already is told from ours
    beginning = text.lstrip(" ")[:1]
    return beginning != "" and beginning in _FORMULA and _NUMBER.fullmatch(text) is None
