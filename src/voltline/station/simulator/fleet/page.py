"""A report as one HTML file that needs nothing else: for whoever decides, not only for whoever measures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from voltline.station.simulator.fleet.charts import Line, line_chart
from voltline.station.simulator.fleet.report import ActionReport, Report

BLUE, GREEN, ORANGE, RED, GREY = "#2563eb", "#16a34a", "#ea8a0c", "#dc2626", "#64748b"

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#0f172a;background:#f8fafc;margin:0}
main{max-width:920px;margin:0 auto;padding:32px 20px}
h1{margin:0 0 4px;font-size:28px}h2{margin:36px 0 10px;font-size:20px}
p{margin:6px 0}.faint{color:#64748b}.good{color:#15803d}.bad{color:#b91c1c}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:22px 0}
.tile,figure{background:#fff;border:1px solid #e2e8f0;border-radius:10px}
.tile{padding:12px 14px}.tile b{display:block;font-size:24px}.tile span{color:#64748b;font-size:14px}
figure{margin:0 0 16px;padding:10px}svg{width:100%;height:auto;display:block}
.title{font-weight:600;font-size:14px}.tick{font-size:11px;fill:#64748b}.grid{stroke:#e2e8f0}
table{border-collapse:collapse;width:100%;background:#fff}
th,td{padding:6px 10px;border-bottom:1px solid #e2e8f0;text-align:right}
th:first-child,td:first-child{text-align:left}
"""


def page(report: Report) -> str:
    """The whole page."""
    title = f"{report.profile}: {report.count:,} charge points"
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="faint">{report.began:%Y-%m-%d %H:%M} UTC, {_duration(report.seconds)} against '
            f"{escape(report.endpoint)}, at {report.speed:g} times real time</p>",
            f"<p>{escape(report.about)}</p>" if report.about else "",
            *(f"<p>{sentence}</p>" for sentence in verdicts(report)),
            _tiles(report),
            *(f"<figure>{chart}</figure>" for chart in _charts(report)),
            "<h2>By action</h2>",
            _actions(report),
            "<h2>What came to nothing</h2>",
            _errors(report),
            "</main></body></html>\n",
        )
    )


def verdicts(report: Report) -> list[str]:
    """The answers to what one wants to know first, as HTML sentences."""
    lost = report.given_up_messages + report.undelivered
    kept = (
        '<span class="good">Nothing was lost:</span> every transaction message was delivered.'
        if not lost
        else f'<span class="bad">{lost:,} transaction messages were not delivered</span> '
        f"({report.undelivered:,} still queued at the end, {report.given_up_messages:,} given up)."
    )
    reached = (
        "All stations were connected."
        if report.most_connected >= report.count
        else f'<span class="bad">Only {report.most_connected:,} of {report.count:,} stations were connected '
        "at one time.</span>"
    )
    p99 = report.latency.p99_ms
    quick = (
        "No request was answered."
        if p99 is None
        else f"99 of 100 requests were answered within {p99:,.4g} ms."
    )
    return [f"{reached} {quick}", kept]


def _tiles(report: Report) -> str:
    per_station = report.rss_bytes / 1024 / max(1, report.count)
    tiles = (
        (f"{report.most_connected:,}", "stations connected"),
        (f"{report.answered:,}", "requests answered"),
        (f"{report.mean_rate:,.0f}/s", f"on average, {report.best_rate:,.0f}/s at best"),
        (_ms(report.latency.p50_ms), "median answer"),
        (f"{report.started:,}", f"transactions begun, {report.stopped:,} ended"),
        (f"{report.energy_wh / 1000:,.1f} kWh", "charged by those that ended"),
        (f"{report.visits:,}", f"visits; {report.turned_away:,} turned away, {report.gave_up:,} gave up"),
        (f"{per_station:,.0f} KiB", "memory of the simulator a station"),
    )
    cells = "".join(f'<div class="tile"><b>{value}</b><span>{text}</span></div>' for value, text in tiles)
    return f'<div class="tiles">{cells}</div>'


def _charts(report: Report) -> Iterable[str]:
    samples = report.samples
    at_s = [one.at_s for one in samples]
    yield line_chart(
        "Requests answered", "a second", at_s, [Line("requests", BLUE, [one.rate for one in samples])]
    )
    yield line_chart(
        "Time to the answer",
        "ms",
        at_s,
        [
            Line("p99", RED, [one.p99_ms for one in samples]),
            Line("p95", ORANGE, [one.p95_ms for one in samples]),
            Line("p50", GREEN, [one.p50_ms for one in samples]),
        ],
    )
    yield line_chart(
        "Stations",
        "",
        at_s,
        [
            Line("connected", BLUE, [float(one.connected) for one in samples]),
            Line("connectors charging", GREEN, [float(one.charging) for one in samples]),
        ],
    )
    yield line_chart(
        "Errors, and transaction messages that wait",
        "",
        at_s,
        [
            Line("errors", RED, [float(one.errors) for one in samples]),
            Line("queued", GREY, [float(one.queued) for one in samples]),
        ],
    )


def _actions(report: Report) -> str:
    rows = [*report.actions.items(), ("all", report.latency)]
    body = "".join(f"<tr><td>{escape(name)}</td>{_cells(one)}</tr>" for name, one in rows)
    return (
        "<table><tr><th>action</th><th>answered</th><th>failed</th><th>p50</th><th>p95</th><th>p99</th>"
        f"<th>longest</th></tr>{body}</table>"
    )


def _cells(action: ActionReport) -> str:
    times = (action.p50_ms, action.p95_ms, action.p99_ms, action.longest_ms)
    texts = (f"{action.answered:,}", f"{action.failed:,}", *(_ms(one) for one in times))
    return "".join(f"<td>{text}</td>" for text in texts)


def _errors(report: Report) -> str:
    kinds = {**report.errors, "connection lost or closed": report.lost_connections}
    rows = "".join(f"<tr><td>{escape(kind)}</td><td>{count:,}</td></tr>" for kind, count in kinds.items())
    return f"<table><tr><th>kind</th><th>count</th></tr>{rows}</table>"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g} ms"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
