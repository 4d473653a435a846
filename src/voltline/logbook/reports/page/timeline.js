// The timeline: a picture for each charge point. Those whose logs overlap show the same stretch of time.

const SHOWN_AT_FIRST = 6;

class Timeline {
  constructor(host) {
    this.host = host;
    this.wanted = "";
    const timed = DATA.stations.filter((one) => one.first !== null);
    this.groups = groupsOf(timed);
    this.stations = this.groups.flatMap((group) => group.stations);
    if (!this.stations.length) return;
    this.groupOf = new Map(this.groups.flatMap((group) => group.stations.map((one) => [one, group])));
    this.view = this.groups[0].view; // the one that the buttons move
    this.unit = null;
    this.cursor = null;
    this.drawings = new Map();
    this.tip = el("div", { class: "tip", role: "status", hidden: true });
    this.cards = el("div", { class: "stations" });
    for (const { view } of this.groups) view.followers.push(() => this.soon());
  }

  build() {
    if (!this.view) {
      this.host.append(el("p", { class: "faint" }, "No line of this log has a time, so there is nothing to draw."));
      return;
    }
    this.host.append(this.toolbar(), this.legend(), this.cards, this.tip);
    const absent = DATA.stationCount - this.stations.length;
    if (absent) this.host.append(el("p", { class: "faint" }, `${counted(absent, "more charge point")} of the log not drawn: without times, or too many for a page.`));
    this.more(SHOWN_AT_FIRST);
    new ResizeObserver(() => this.soon()).observe(this.cards);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      forgetColours();
      this.soon();
    });
    addEventListener("beforeprint", () => this.draw());
    document.addEventListener("pointerdown", (event) => event.target.closest("canvas") || this.hideTip());
    document.addEventListener("scroll", () => this.hideTip(), { passive: true });
    this.draw();
  }

  // ---- what stands round the pictures

  toolbar() {
    const button = (label, title, act) => el("button", { type: "button", title, "aria-label": title, on: { click: act } }, label);
    this.range = el("span", { class: "range" });
    this.fit = button("Whole log", "Show the whole log (0)", () => this.view.whole());
    const parts = [
      el(
        "div",
        { class: "buttons" },
        button("−", "Zoom out (-)", () => this.view.zoom(2)),
        button("+", "Zoom in (+)", () => this.view.zoom(0.5)),
        button("◀", "Earlier (left arrow)", () => this.view.pan(-this.view.length / 3)),
        button("▶", "Later (right arrow)", () => this.view.pan(this.view.length / 3)),
        this.fit,
      ),
    ];
    if (this.stations.some((one) => one.connectors.some((each) => each.load.length || each.limits.length))) {
      const choose = (unit, chosen) => {
        this.unit = unit;
        for (const one of chosen.parentNode.children) one.setAttribute("aria-pressed", String(one === chosen));
        this.draw();
      };
      const units = [["auto", null, "kW or A, as the charge point tells it"], ["kW", "kW", "Power"], ["A", "A", "Current of a phase"]];
      parts.push(
        el(
          "div",
          { class: "buttons", role: "group", "aria-label": "Unit of the curves" },
          units.map(([label, unit, title]) =>
            el("button", { type: "button", title, "aria-pressed": String(unit === null), on: { click: (event) => choose(unit, event.currentTarget) } }, label),
          ),
        ),
      );
    }
    if (this.stations.length > SHOWN_AT_FIRST) {
      parts.push(el("input", { type: "search", placeholder: "Find a charge point", "aria-label": "Find a charge point", on: { input: (event) => this.find(event.target.value) } }));
    }
    parts.push(this.range);
    return el("div", { class: "toolbar" }, parts);
  }

  legend() {
    const seen = new Set();
    let [load, limit, derived, thinned, gaps, boots] = Array(6).fill(false);
    for (const station of this.stations) {
      gaps = gaps || station.gaps.length > 0;
      boots = boots || station.booted.length > 0;
      for (const connector of station.connectors) {
        for (const [, status] of connector.states) seen.add(status);
        load = load || connector.load.length > 0;
        derived = derived || connector.load.some((one) => one[3] === 1);
        thinned = thinned || connector.thinned;
        limit = limit || connector.limits.length > 0;
      }
    }
    const sample = (className, label) => el("span", { class: "sample" }, el("i", { class: className }), label);
    const parts = STATUSES.filter((one) => seen.has(one)).map((one) => sample(`band status-${one.toLowerCase()}`, one));
    const remarks = [derived && "in part the mean by the energy register", thinned && "thinned out, peaks stay"].filter(Boolean);
    if (load) parts.push(sample("curve", ["power or current", ...remarks].join(", ")));
    if (limit) parts.push(sample("limit", "charging limit (a phase)"));
    if (gaps) parts.push(sample("band offline", "connection lost"));
    if (boots) parts.push(sample("boot", "boot"));
    if (DATA.findings.length) parts.push(sample("pin", "finding"));
    const hints = [
      ["mouse", "Drag to move, Ctrl + wheel to zoom (a click on the picture makes the wheel alone do it), Shift + drag to pick a stretch."],
      ["fingers", "Pinch to zoom, drag to move, tap for values."],
    ].map(([kind, hint]) => el("span", { class: `hint for-${kind}` }, hint));
    return el("div", { class: "legend" }, parts, hints);
  }

  more(count) {
    const fitting = this.stations.filter((one) => one.name.toLowerCase().includes(this.wanted));
    const hidden = fitting.filter((one) => !this.drawings.has(one));
    for (const station of hidden.slice(0, count)) {
      const group = this.groupOf.get(station);
      if (this.groups.length > 1 && group !== this.latest) this.cards.append(el("h3", { class: "stretch" }, `${fromTo(group.first, group.last)} UTC`));
      this.latest = group;
      this.cards.append(this.card(station));
    }
    if (this.rest) this.rest.remove();
    const left = hidden.length - count;
    if (left > 0) {
      const label = left > 20 ? `Show 20 of ${left} more charge points` : `Show ${counted(left, "more charge point")}`;
      this.rest = el("button", { type: "button", class: "more", on: { click: () => this.more(20) } }, label);
      this.host.append(this.rest);
    }
    this.soon();
  }

  // Only charge points whose name has this in it.
  find(text) {
    this.wanted = text.trim().toLowerCase();
    this.drawings.clear();
    this.latest = null;
    this.cards.replaceChildren();
    this.more(SHOWN_AT_FIRST);
  }

  card(station) {
    const canvas = el("canvas", {
      tabindex: "0",
      role: "img",
      "aria-label": `Timeline of ${visible(station.name)}. Arrow keys move it, plus and minus zoom, 0 shows all. Sessions and findings are listed below.`,
    });
    const drawing = new Drawing(canvas, station, this.groupOf.get(station).view);
    this.drawings.set(station, drawing);
    new Pointing(this, drawing);
    const model = [station.vendor, station.model, station.firmware].filter(Boolean).join(" ");
    const head = el(
      "header",
      {},
      el("h3", {}, told(station.name || "(no identity in the log)")),
      model ? told(model, "faint") : null,
      el("span", { class: "faint right" }, `${counted(station.frames, "frame")}, ${fromTo(station.first, station.last)}`),
    );
    return el("article", { class: "station" }, head, canvas);
  }

  // ---- drawing

  soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.waiting = null;
    for (const drawing of this.drawings.values()) drawing.draw(this.cursor, this.unit);
    this.range.textContent = `${fromTo(this.view.begin, this.view.end)} UTC (${span(this.view.length / 1000)})`;
    this.fit.disabled = this.view.isWhole;
    this.host.dataset.begin = Math.round(this.view.begin);
    this.host.dataset.end = Math.round(this.view.end);
  }

  // Bring a stretch of a charge point into sight, with room on both sides.
  reveal(station, begin, end) {
    if (!this.view || begin === null) return;
    if (!this.drawings.has(station)) this.cards.prepend(this.card(station));
    const until = end === null ? begin : end;
    const room = Math.max((until - begin) * 0.25, 2 * MINUTE);
    this.view = this.groupOf.get(station).view;
    this.view.show(begin - room, until + room);
    this.cursor = begin;
    const drawing = this.drawings.get(station);
    if (drawing) drawing.canvas.closest("article").scrollIntoView({ behavior: "smooth", block: "center" });
  }

  // ---- reading out

  point(drawing, event) {
    const box = drawing.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    this.cursor = drawing.time(x);
    this.tip.replaceChildren(...readout(drawing, x, y, this.cursor));
    this.tip.hidden = false;
    const [wide, high] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const left = event.clientX + 16 + wide > innerWidth ? event.clientX - 16 - wide : event.clientX + 16;
    this.tip.style.left = `${Math.max(8, Math.min(left, innerWidth - wide - 8))}px`;
    this.tip.style.top = `${Math.max(8, Math.min(event.clientY + 14, innerHeight - high - 8))}px`;
    this.soon();
  }

  hideTip() {
    if (this.tip.hidden) return;
    this.tip.hidden = true;
    this.cursor = null;
    this.soon();
  }
}

// Logs of other days are not squeezed into one picture: what lies far apart has a stretch of time of its own.
function groupsOf(stations) {
  const groups = [];
  for (const station of [...stations].sort((one, other) => one.first - other.first)) {
    const group = groups[groups.length - 1];
    const apart = group ? Math.max(DAY, 3 * (group.last - group.first), 3 * (station.last - station.first)) : 0;
    if (group && station.first - group.last <= apart) {
      group.stations.push(station);
      group.last = Math.max(group.last, station.last);
    } else groups.push({ first: station.first, last: station.last, stations: [station] });
  }
  for (const group of groups) {
    const margin = Math.max((group.last - group.first) * 0.01, 500);
    group.view = new View(group.first - margin, group.last + margin);
    group.stations.sort((one, other) => rankOf(one) - rankOf(other) || one.index - other.index);
  }
  return groups.sort((one, other) => rankOf(one.stations[0]) - rankOf(other.stations[0]) || one.first - other.first);
}

// Charge points with the worst findings first.
function rankOf(station) {
  const worst = station.marks.reduce((found, [, index]) => worse(found, DATA.findings[index].severity), "info");
  return SEVERITIES.indexOf(worst);
}
