"""The result as one HTML page that needs nothing else: to look at, to mail on, to print.

The page's own parts lie in `page/`. Whatever comes from a log is data to them: it is embedded as JSON in an
element that is not executed, and set as text. The Content-Security-Policy names the hashes of the one style
and the one script, and allows nothing to be loaded.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from voltline.logbook.reports.page_data import encoded, page_data
from voltline.logbook.result import Result

__all__ = ["html_report"]

SCRIPTS: Final = (
    "text.js",
    "elements.js",
    "axis.js",
    "colours.js",
    "lanes.js",
    "drawing.js",
    "readout.js",
    "pointing.js",
    "timeline.js",
    "summary.js",
    "findings.js",
    "sessions.js",
    "json.js",
    "frames.js",
    "start.js",
)
"""In the order in which they stand in the page, as one script."""


def html_report(result: Result) -> bytes:
    """The page in UTF-8. The same result gives the same bytes.

    Timelines, curves and frames need a result that was inspected with `footage=True`; without it the page
    shows states, sessions and the lines of evidence.
    """
    style = _part("page.css")
    script = '"use strict";\n' + "\n".join(_part(name) for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{escape(_title(result))}</title>
<style>{style}</style>
</head>
<body>
{_part("body.html")}<script type="application/json" id="data">"""
    tail = f"</script>\n<script>{script}</script>\n</body>\n</html>\n"
    return b"".join((head.encode(), encoded(page_data(result)), tail.encode()))


def _title(result: Result) -> str:
    names = [one.source.rsplit("/", 1)[-1] for one in result.coverages]
    if not names:
        return "OCPP inspection"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{_visible(names[0])}{more}: OCPP inspection"


def _visible(text: str) -> str:
    """A file's name without what would turn the line round."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _part(name: str) -> str:
    return (files("voltline.logbook.reports") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
