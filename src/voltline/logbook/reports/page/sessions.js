// The sessions, sorted by whatever column is clicked.

const FLAGS = {
  invalid: (one) => one.authorization !== null && one.authorization !== "Accepted" && `tag ${one.authorization}`,
  open: (one) => one.ending === "log_ended" && "open at the end",
  replaced: (one) => one.ending === "replaced" && "stop not seen",
  before: (one) => one.begins === null && "began before the log",
  nameless: (one) => one.id === null && "no transaction id",
  backwards: (one) => one.energy !== null && one.energy < 0 && "meter fell",
  remote: (one) => one.remote && "started remotely",
};

class SessionsTable {
  constructor(host) {
    this.host = host;
    this.columns = [
      ["Charge point", (one) => stationName(one), "text"],
      ["Connector", (one) => one.connector, "number"],
      ["Id tag", (one) => one.tag, "text"],
      ["Start (UTC)", (one) => one.start, "time"],
      ["Stop (UTC)", (one) => one.stop, "time"],
      ["Energy", (one) => one.energy, "number", energy],
      ["Duration", (one) => one.duration, "number", span],
      ["Peak", (one) => one.peak, "number", power],
      ["Reason", (one) => one.reason, "text"],
      ["Remarks", (one) => flagsOf(one).join(", "), "text"],
    ];
    this.by = 3;
    this.down = false;
    this.most = 100;
  }

  build() {
    this.host.append(el("h2", {}, "Sessions ", el("span", { class: "count" }, DATA.sessionCount.toLocaleString("en"))));
    if (!DATA.sessions.length) {
      this.host.append(el("p", { class: "faint" }, "No transaction in this log."));
      return;
    }
    this.heads = this.columns.map(([label], i) =>
      el("th", { scope: "col" }, el("button", { type: "button", on: { click: () => this.sort(i) } }, label)),
    );
    this.body = el("tbody");
    this.foot = el("div");
    this.host.append(el("div", { class: "scroll" }, el("table", { class: "sessions" }, el("thead", {}, el("tr", {}, this.heads)), this.body)), this.foot);
    if (DATA.sessionCount > DATA.sessions.length) {
      this.host.append(el("p", { class: "faint" }, `The first ${DATA.sessions.length.toLocaleString("en")} of ${DATA.sessionCount.toLocaleString("en")}; --format csv has all.`));
    }
    this.show();
  }

  sort(column) {
    this.down = this.by === column ? !this.down : this.columns[column][2] === "number";
    this.by = column;
    this.show();
  }

  show() {
    const value = this.columns[this.by][1];
    const sign = this.down ? -1 : 1;
    const sorted = [...DATA.sessions].sort((a, b) => {
      const [one, other] = [value(a), value(b)];
      if (one === null || one === "") return other === null || other === "" ? 0 : 1; // the unknown comes last
      if (other === null || other === "") return -1;
      return one < other ? -sign : one > other ? sign : 0;
    });
    this.heads.forEach((head, i) => head.setAttribute("aria-sort", i === this.by ? (this.down ? "descending" : "ascending") : "none"));
    this.body.replaceChildren(...sorted.slice(0, this.most).map((one) => this.row(one)));
    this.foot.replaceChildren();
    if (sorted.length > this.most) {
      const more = () => {
        this.most += 500;
        this.show();
      };
      this.foot.append(el("button", { type: "button", class: "more", on: { click: more } }, `Show ${Math.min(500, sorted.length - this.most)} more of ${sorted.length - this.most}`));
    }
  }

  row(session) {
    const cells = this.columns.map(([label, value, kind, write]) => {
      const found = value(session);
      const text = found === null || found === undefined ? "" : kind === "time" ? moment(found) : write ? write(found) : String(found);
      return el("td", { class: kind === "number" ? "number" : null, "data-label": label }, text === "" ? null : told(text));
    });
    const station = DATA.stations[session.station];
    if (station && station.first !== null) {
      const [begin, end] = edgesOf(session, station);
      const act = () => PAGE.timeline.reveal(station, begin, end);
      cells[0].replaceChildren(el("button", { type: "button", class: "link", title: "Show on the timeline", on: { click: act } }, told(stationName(session))));
    }
    return el("tr", {}, cells);
  }
}

function stationName(session) {
  const station = DATA.stations[session.station];
  return station ? station.name : "";
}

function flagsOf(session) {
  return Object.values(FLAGS).map((flag) => flag(session)).filter(Boolean);
}
