// What is told of one moment of a charge point: beside the pointer, or where it was tapped.

function readout(drawing, x, y, at) {
  const { station } = drawing;
  const pin = pinAt(drawing, x, y);
  const parts = [el("strong", {}, moment(at))];
  if (pin) return [...parts, ...pinTold(pin)];
  const row = (label, ...value) => parts.push(el("div", { class: "row" }, el("span", {}, label), el("span", {}, ...value)));
  if (at < station.first || at > station.last) {
    row("Log", at < station.first ? "not begun" : "ended");
    return parts;
  }
  const gap = station.gaps.find(([begin, end]) => begin <= at && (end === null || at < end));
  if (gap) row("Connection", gap[1] === null ? "lost, not seen to come back" : `lost for ${span((gap[1] - gap[0]) / 1000)}`);
  for (const connector of station.connectors) {
    const name = connector.number === 0 ? "Charge point" : `Connector ${connector.number}`;
    const known = connector.until === null || at < connector.until;
    const state = known ? lastBefore(connector.states, at) : null;
    if (!known) row(name, "more changes of state than are shown");
    if (state && (connector.number > 0 || state[1] !== "Available")) row(name, el("i", { class: `dot status-${STATUSES.includes(state[1]) ? state[1].toLowerCase() : "unknown"}` }), told(state[1]), state[2] === "NoError" ? "" : told(` ${state[2]}`));
    const session = station.sessionList.find((one) => {
      const [begin, end] = edgesOf(one, station);
      return one.connector === connector.number && begin <= at && at <= end;
    });
    if (session) row("  session", told(sessionLabel(session)));
    const load = lastBefore(connector.load, at);
    if (load && (load[1] !== null || load[2] !== null) && at - load[0] < scaleOf(connector).silence) {
      row("  draws", [power(load[1]), current(load[2])].filter(Boolean).join(", ") + (load[3] ? " (mean by the register)" : ""));
    }
    const limit = lastBefore(connector.limits, at);
    if (limit && limit[1] !== null) row("  limit", `${current(limit[1]) || "0 A"} a phase`);
  }
  return parts;
}

function pinTold(pin) {
  const shown = [...new Set(pin.marks.map(([, index]) => index))];
  const parts = shown.slice(0, 6).map((index) => {
    const finding = DATA.findings[index];
    return el("div", { class: "row finding" }, el("i", { class: `dot ${finding.severity}` }), el("b", {}, finding.id), told(` ${finding.title}`));
  });
  if (shown.length > 6) parts.push(el("div", { class: "row" }, `and ${shown.length - 6} more`));
  if (shown.length === 1) parts.push(el("div", { class: "long" }, told(DATA.findings[shown[0]].text)));
  return parts;
}

function pinAt(drawing, x, y) {
  return drawing.pins.find((one) => Math.hypot(one.x - x, one.y - y) <= one.radius + 2) || null;
}

// The last entry at or before a moment, of a list in order of time.
function lastBefore(entries, at) {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle][0] <= at) low = middle + 1;
    else high = middle;
  }
  return low ? entries[low - 1] : null;
}
