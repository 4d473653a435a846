// The frames that the page carries: searched, filtered, unfolded.

const [AT, STATION, SIDE, KIND, ACTION, ID, SOURCE, LINE_NO, TEXT, TOOK, UNANSWERED] = Array(11).keys();
const SIDES = ["", "→", "←"];
const SIDE_TITLES = ["direction not known", "from the charge point", "from the central system"];
const KINDS = {
  call: "CALL", result: "CALLRESULT", error: "CALLERROR", malformed: "malformed", connected: "connected", disconnected: "disconnected", note: "vendor's line",
};
const PAGE_OF_FRAMES = 200;

class FramesTable {
  constructor(host) {
    this.host = host;
    this.places = new Map(DATA.shots.map((shot, i) => [`${shot[SOURCE]}:${shot[LINE_NO]}`, i]));
    this.from = 0;
    this.chosen = null;
  }

  build() {
    this.host.append(el("h2", {}, "Frames ", el("span", { class: "count" }, DATA.shots.length.toLocaleString("en"))));
    this.host.append(el("p", { class: "faint" }, this.coverage()));
    if (!DATA.shots.length) return;
    const choose = (label, options) =>
      el("select", { "aria-label": label, on: { change: () => this.filter() } }, el("option", { value: "" }, label), options.map(([value, text]) => el("option", { value: String(value) }, text)));
    const counts = new Map();
    for (const shot of DATA.shots) if (shot[ACTION]) counts.set(shot[ACTION], (counts.get(shot[ACTION]) || 0) + 1);
    const kinds = [...new Set(DATA.shots.map((shot) => shot[KIND]))];
    this.search = el("input", { type: "search", placeholder: "Find in frames: words, ids, values", "aria-label": "Find in frames", on: { input: () => this.filter() } });
    this.action = choose("All actions", [...counts].sort().map(([name, count]) => [name, `${visible(name)} (${count})`]));
    this.side = choose("Both directions", [[1, "→ from the charge point"], [2, "← from the central system"]]);
    this.kind = choose("All kinds", [...Object.keys(KINDS).filter((one) => kinds.includes(one)).map((one) => [one, KINDS[one]]), ["unanswered", "CALLs without answer"]]);
    this.station = choose("All charge points", DATA.stations.map((one, i) => [i, visible(one.name) || "(no identity)"]));
    this.station.hidden = DATA.stations.length < 2;
    this.told = el("p", { class: "faint", role: "status" });
    this.body = el("tbody");
    this.foot = el("div", { class: "buttons" });
    const heads = ["Time (UTC)", "", "Action", "", "Frame", "Line"].map((label) => el("th", { scope: "col" }, label));
    this.host.append(
      el("div", { class: "toolbar" }, this.search, this.action, this.side, this.kind, this.station),
      this.told,
      el("div", { class: "scroll" }, el("table", { class: "frames" }, el("thead", {}, el("tr", {}, heads)), this.body)),
      this.foot,
    );
    this.filter();
  }

  coverage() {
    const [shown, all] = [DATA.shots.length, DATA.shotCount];
    if (!DATA.hasFootage) return "This page was made without frames; findings show their lines.";
    if (shown >= all) return "All frames and connection lines of the log are in this page.";
    return (
      `${shown.toLocaleString("en")} of ${all.toLocaleString("en")} lines are in this page: of each charge point the first and the last, those around findings, ` +
      "and those that are no MeterValues or Heartbeat, as far as there is room. The log has all."
    );
  }

  has(source, line) {
    return this.places.has(`${source}:${line}`);
  }

  // A line of evidence at full length, where the page has it.
  whole(source, line, text) {
    const index = this.places.get(`${source}:${line}`);
    const found = index === undefined ? "" : DATA.shots[index][TEXT];
    return found.startsWith(text.replace(/…$/, "")) ? found : text;
  }

  // Among its neighbours, unfiltered.
  reveal(source, line) {
    const index = this.places.get(`${source}:${line}`);
    if (index === undefined) return;
    for (const one of [this.search, this.action, this.side, this.kind, this.station]) one.value = "";
    this.filter();
    this.chosen = index;
    this.from = Math.max(index - 20, 0);
    this.show();
    const row = this.body.querySelector(".chosen");
    if (row) row.scrollIntoView({ behavior: "smooth", block: "center" });
  }

  filter() {
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [action, side, kind, station] = [this.action.value, this.side.value, this.kind.value, this.station.value];
    this.fitting = [];
    DATA.shots.forEach((shot, i) => {
      if (action && shot[ACTION] !== action) return;
      if (side && String(shot[SIDE]) !== side) return;
      if (kind && (kind === "unanswered" ? !shot[UNANSWERED] : shot[KIND] !== kind)) return;
      if (station && String(shot[STATION]) !== station) return;
      if (words.length) {
        const text = `${shot[TEXT]} ${shot[ACTION]} ${shot[ID]}`.toLowerCase();
        if (!words.every((word) => text.includes(word))) return;
      }
      this.fitting.push(i);
    });
    this.chosen = null;
    this.from = 0;
    this.show();
  }

  show() {
    const page = this.fitting.slice(this.from, this.from + PAGE_OF_FRAMES);
    this.body.replaceChildren(...page.map((i) => this.row(i)));
    const [first, last] = [this.from + 1, this.from + page.length];
    const found = this.fitting.length;
    this.told.textContent = found ? `${first.toLocaleString("en")} to ${last.toLocaleString("en")} of ${counted(found, "line")}` : "No frame in this page fits.";
    const turn = (by) => () => {
      this.from = Math.max(this.from + by, 0);
      this.show();
      this.host.scrollIntoView();
    };
    this.foot.replaceChildren(
      ...(this.from > 0 ? [el("button", { type: "button", on: { click: turn(-PAGE_OF_FRAMES) } }, "Earlier")] : []),
      ...(last < found ? [el("button", { type: "button", on: { click: turn(PAGE_OF_FRAMES) } }, "Later")] : []),
    );
  }

  row(i) {
    const shot = DATA.shots[i];
    const station = DATA.stations[shot[STATION]];
    const several = DATA.stations.length > 1;
    const time = shot[AT] === null ? "" : `${day(shot[AT])} ${timeOfDay(shot[AT], true, true)}`;
    const remark = shot[UNANSWERED] ? el("span", { class: "remark" }, "no answer") : shot[TOOK] === null ? null : el("span", { class: "faint" }, span(shot[TOOK] / 1000));
    return el(
      "tr",
      { class: `${shot[KIND]}${i === this.chosen ? " chosen" : ""}` },
      el("td", { class: "nowrap time" }, time),
      el("td", { class: "side", title: SIDE_TITLES[shot[SIDE]] }, SIDES[shot[SIDE]]),
      el("td", { class: "action" }, shot[ACTION] ? told(shot[ACTION]) : null, several && station ? el("small", { class: "faint block" }, told(station.name)) : null),
      el("td", { class: "nowrap" }, el("span", { class: "kind" }, KINDS[shot[KIND]]), remark ? el("small", { class: "block" }, remark) : null),
      el("td", { class: "text" }, rawLine(shot[TEXT])),
      el("td", { class: "number faint", title: visible(DATA.sources[shot[SOURCE]]) }, String(shot[LINE_NO])),
    );
  }
}
