// Draws a charge point's lanes on its canvas. Nothing here knows a mouse.

const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';
const SMALL = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

class Drawing {
  constructor(canvas, station, view) {
    this.canvas = canvas;
    this.station = station;
    this.view = view;
    this.pen = canvas.getContext("2d");
    Object.assign(this, lanesOf(station));
    this.pins = [];
    canvas.style.height = `${this.height}px`;
  }

  x(ms) {
    return ((ms - this.view.begin) / this.view.length) * this.width;
  }

  time(x) {
    return this.view.begin + (x / this.width) * this.view.length;
  }

  draw(cursor, unit) {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    if (this.width === 0) return;
    const [wide, high] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const pen = this.pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.textBaseline = "middle";
    this.unit = unit;
    this.pins = [];
    this.grid();
    for (const lane of this.lanes) this[`draw_${lane.kind}`](lane);
    if (cursor !== null && cursor >= this.view.begin && cursor <= this.view.end) {
      pen.fillStyle = colour("cursor");
      pen.fillRect(Math.round(this.x(cursor)), 0, 1, this.height - AXIS);
    }
  }

  text(text, x, y, { align = "left", font = FONT, fill = "ink", halo = false } = {}) {
    const pen = this.pen;
    pen.font = font;
    pen.textAlign = align;
    if (halo) {
      pen.strokeStyle = colour("surface");
      pen.lineWidth = 3;
      pen.lineJoin = "round";
      pen.strokeText(text, x, y);
    }
    pen.fillStyle = colour(fill);
    pen.fillText(text, x, y);
  }

  measure(text) {
    this.pen.font = SMALL;
    return this.pen.measureText(text).width;
  }

  grid() {
    const pen = this.pen;
    for (const [at, , midnight] of ticks(this.view.begin, this.view.end, this.width)) {
      pen.fillStyle = colour(midnight ? "grid-strong" : "grid");
      pen.fillRect(Math.round(this.x(at)), 0, 1, this.height - AXIS);
    }
  }

  draw_axis(lane) {
    for (const [at, text, midnight] of ticks(this.view.begin, this.view.end, this.width)) {
      const half = text.length * 3.4;
      const x = Math.min(Math.max(this.x(at), half), this.width - half);
      this.text(text, x, lane.y + 14, { align: "center", font: midnight ? `600 ${SMALL}` : SMALL, fill: midnight ? "ink" : "faint" });
    }
  }

  draw_caption(lane) {
    this.text(lane.text, 0, lane.y + 10, { font: `600 ${FONT}`, halo: true });
    if (lane.right) this.text(lane.right, this.width, lane.y + 10, { align: "right", font: SMALL, fill: "faint", halo: true });
  }

  draw_nothing(lane) {
    this.text("No status, session or reading of it in the log.", 0, lane.y + 10, { font: SMALL, fill: "faint", halo: true });
  }

  // ---- connection

  draw_connection(lane) {
    const { pen, station, view } = this;
    const middle = lane.y + lane.height / 2;
    const from = Math.max(this.x(station.first), 0);
    const until = Math.min(this.x(station.last), this.width);
    pen.fillStyle = colour("online");
    if (until > from && lane.linked) pen.fillRect(from, middle - 2, until - from, 4);
    for (const [begin, end] of station.gaps) {
      const x = Math.max(this.x(begin), 0);
      const to = Math.min(end === null ? until : this.x(end), this.width);
      if (to < 0 || x > this.width) continue;
      pen.fillStyle = colour("surface");
      pen.fillRect(x, lane.y, Math.max(to - x, 1), lane.height);
      pen.fillStyle = colour("offline");
      pen.fillRect(x, lane.y, Math.max(to - x, 1.5), lane.height);
    }
    pen.fillStyle = colour("ink");
    for (const at of station.booted) {
      if (at < view.begin || at > view.end) continue;
      const x = this.x(at);
      pen.beginPath();
      pen.moveTo(x, lane.y);
      pen.lineTo(x + 5, lane.y + lane.height);
      pen.lineTo(x - 5, lane.y + lane.height);
      pen.fill();
    }
  }

  // ---- status and sessions

  draw_status(lane) {
    const { pen } = this;
    const { until: known } = lane.connector;
    const end = known === null ? this.station.last : known;
    let drawn = -1;
    lane.states.forEach(([at, status], i) => {
      const from = Math.max(this.x(at), 0);
      const until = Math.min(this.x(i + 1 < lane.states.length ? lane.states[i + 1][0] : end), this.width);
      if (until < 0 || from > this.width) return;
      // A short state stays visible beside long ones: a fault most of all.
      const width = Math.max(until - from, status === "Faulted" ? 2 : 1);
      if (width <= 1 && Math.floor(from) === drawn && status !== "Faulted") return;
      drawn = Math.floor(from);
      pen.fillStyle = statusColour(status);
      pen.fillRect(from, lane.y, width, lane.height);
      if (width > 40 && width > this.measure(status) + 12) {
        this.text(status, from + 6, lane.y + lane.height / 2 + 0.5, { font: SMALL, fill: `on-${status === "Available" || status === "Unavailable" || status === "Preparing" ? "pale" : "strong"}` });
      }
    });
    if (known !== null && this.x(known) < this.width) {
      this.text("more states than this page holds", Math.max(this.x(known), 0) + 6, lane.y + 9, { font: SMALL, fill: "faint", halo: true });
    }
  }

  draw_sessions(lane) {
    const { pen } = this;
    for (const session of lane.sessions) {
      const [begin, end] = edgesOf(session, this.station);
      const from = this.x(begin);
      const until = this.x(end);
      if (until < 0 || from > this.width) continue;
      const [x, to] = [Math.max(from, 0), Math.min(until, this.width)];
      pen.fillStyle = colour("session");
      pen.fillRect(x, lane.y + 3, Math.max(to - x, 2), 12);
      pen.fillStyle = colour("session-edge");
      if (session.span[0] !== null && from >= 0) pen.fillRect(x, lane.y + 3, 2, 12);
      if (session.span[1] !== null && until <= this.width) pen.fillRect(to - 2, lane.y + 3, 2, 12);
      const label = sessionLabel(session);
      if (to - x > this.measure(label) + 14) this.text(label, x + 7, lane.y + 9.5, { font: SMALL });
    }
  }

  // ---- power against limit

  draw_chart(lane) {
    const { pen, view } = this;
    const { load, limits } = lane.connector;
    const unit = this.unit || (lane.inWatt ? "kW" : "A");
    const top = lane.y + 16;
    const bottom = lane.y + lane.height - 6;
    const heights = load.map(([, w, a]) => heightOf(lane, unit, w, a));
    const limited = limits.map(([, a]) => heightOf(lane, unit, null, a));
    const highest = Math.max(...heights, ...limited.filter((one) => one !== null), unit === "A" ? 6 : 1400);
    const scale = roundAbove(highest * 1.08);
    const y = (value) => bottom - (value / scale) * (bottom - top);
    for (const share of [0, 0.5, 1]) {
      pen.fillStyle = colour(share === 0 ? "grid-strong" : "grid");
      pen.fillRect(0, Math.round(y(scale * share)), this.width, 1);
    }
    pen.save();
    pen.beginPath();
    pen.rect(0, lane.y, this.width, lane.height);
    pen.clip();
    this.curve(load, heights, y, bottom, lane.silence, view);
    this.limits(limits, limited, y, lane.y + 4);
    pen.restore();
    for (const share of [0.5, 1]) {
      const value = scale * share;
      const told = unit === "A" ? `${+value.toFixed(1)} A` : `${+(value / 1000).toFixed(2)} kW`;
      this.text(told, 3, y(value) - 7, { font: SMALL, fill: "faint", halo: true });
    }
  }

  curve(load, heights, y, bottom, silence, view) {
    const { pen } = this;
    const stretches = [];
    let stretch = [];
    load.forEach(([at], i) => {
      if (heights[i] === null || (stretch.length && at - stretch[stretch.length - 1][0] > silence)) {
        if (stretch.length) stretches.push(stretch);
        stretch = [];
      }
      if (heights[i] !== null) stretch.push([at, heights[i]]);
    });
    if (stretch.length) stretches.push(stretch);
    for (const points of stretches) {
      if (points[points.length - 1][0] < view.begin || points[0][0] > view.end) continue;
      const path = new Path2D();
      points.forEach(([at, height], i) => (i ? path.lineTo(this.x(at), y(height)) : path.moveTo(this.x(at), y(height))));
      const area = new Path2D(path);
      area.lineTo(this.x(points[points.length - 1][0]), bottom);
      area.lineTo(this.x(points[0][0]), bottom);
      pen.fillStyle = colour("power-area");
      pen.fill(area);
      pen.strokeStyle = colour("power");
      pen.lineWidth = 1.6;
      pen.lineJoin = "round";
      pen.stroke(path);
      if (points.length === 1) {
        pen.fillStyle = colour("power");
        pen.fillRect(this.x(points[0][0]) - 1.5, y(points[0][1]) - 1.5, 3, 3);
      }
    }
  }

  limits(limits, heights, y, top) {
    const { pen } = this;
    let labelled = -100;
    let before = null;
    limits.forEach(([at, ampere], i) => {
      const from = this.x(at);
      const until = this.x(i + 1 < limits.length ? limits[i + 1][0] : this.station.last);
      const height = heights[i];
      if (height !== null) {
        pen.strokeStyle = colour("limit");
        pen.lineWidth = 2;
        pen.setLineDash([6, 3]);
        pen.beginPath();
        if (before !== null) pen.moveTo(from, y(before));
        else pen.moveTo(from, y(height));
        pen.lineTo(from, y(height));
        pen.lineTo(Math.max(until, from + 1), y(height));
        pen.stroke();
        pen.setLineDash([]);
        const x = from < 0 ? 56 : from + 4; // the scale stands at the left
        if (until > 0 && from < this.width && Math.min(until, this.width) - x > 34 && x - labelled > 44) {
          const above = y(height) - 8;
          const label = `${+ampere.toFixed(2)} A`;
          this.text(label, x, above < top ? y(height) + 9 : above, { font: `600 ${SMALL}`, fill: "limit-ink", halo: true });
          labelled = x;
        }
      }
      before = height;
    });
  }

  // ---- findings

  draw_pins(lane) {
    const { pen, view } = this;
    const clusters = [];
    for (const [at, index] of lane.marks) {
      if (at < view.begin || at > view.end) continue;
      const x = Math.min(Math.max(this.x(at), 8), this.width - 8);
      const last = clusters[clusters.length - 1];
      if (last && x - last.x < 16) last.marks.push([at, index]);
      else clusters.push({ x, marks: [[at, index]] });
    }
    const y = lane.y + 8;
    for (const { x, marks } of clusters) {
      const count = new Set(marks.map(([, index]) => index)).size;
      const severity = marks.map(([, index]) => DATA.findings[index].severity).reduce(worse);
      pen.fillStyle = colour(severity);
      pen.beginPath();
      pen.arc(x, y, 7, 0, 2 * Math.PI);
      pen.fill();
      pen.beginPath();
      pen.moveTo(x - 4, y + 5);
      pen.lineTo(x + 4, y + 5);
      pen.lineTo(x, y + 11);
      pen.fill();
      const sign = count > 1 ? (count > 99 ? "+" : String(count)) : severity === "info" ? "i" : "!";
      this.text(sign, x, y + 0.5, { align: "center", font: `700 ${count > 9 ? "9px" : "10px"} system-ui, sans-serif`, fill: "on-severity" });
      this.pins.push({ x, y: y + 1, radius: 10, marks });
    }
  }
}

// Where a session begins and ends in the picture; what is not in the log lies at its edges.
function edgesOf(session, station) {
  const [begin, end] = session.span;
  return [begin === null ? Math.min(station.first, end || station.first) : begin, end === null ? Math.max(station.last, begin || 0) : end];
}

function sessionLabel(session) {
  const parts = [session.tag === null ? "" : visible(session.tag).slice(0, 24), energy(session.energy)];
  return parts.filter(Boolean).join(" · ") || (session.id === null ? "session" : `session ${session.id}`);
}
