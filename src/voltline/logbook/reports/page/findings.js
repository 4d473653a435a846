// The ranked findings: what, where, who should act, and the lines that show it.

class FindingsList {
  constructor(host) {
    this.host = host;
    this.severity = null;
    this.articles = new Map();
  }

  build() {
    this.host.append(el("h2", {}, "Findings ", el("span", { class: "count" }, DATA.findingCount.toLocaleString("en"))));
    if (!DATA.findings.length) {
      this.host.append(el("p", {}, DATA.frames ? "None: nothing is wrong that this log would show." : "None: nothing could be inspected."));
      return;
    }
    this.search = el("input", { type: "search", placeholder: "Find in findings", "aria-label": "Find in findings", on: { input: () => this.show() } });
    this.chips = el("div", { class: "chips" });
    this.list = el("div", { class: "findings" });
    this.host.append(el("div", { class: "toolbar" }, this.chips, this.search), this.list);
    if (DATA.findingCount > DATA.findings.length) {
      this.host.append(el("p", { class: "faint" }, `The worst ${DATA.findings.length.toLocaleString("en")} of ${DATA.findingCount.toLocaleString("en")}; --format json has all.`));
    }
    for (const severity of SEVERITIES) {
      const count = DATA.findings.filter((one) => one.severity === severity).length;
      if (!count) continue;
      const press = () => {
        this.severity = this.severity === severity ? null : severity;
        this.show();
      };
      this.chips.append(el("button", { type: "button", class: `chip ${severity}`, "aria-pressed": "false", data: { severity }, on: { click: press } }, el("b", {}, String(count)), ` ${severity}`));
    }
    this.show();
  }

  only(severity) {
    this.severity = severity;
    this.search.value = "";
    this.show();
    this.host.scrollIntoView({ behavior: "smooth" });
  }

  open(index) {
    const finding = DATA.findings[index];
    if (this.severity && this.severity !== finding.severity) this.severity = null;
    this.search.value = "";
    this.show(index);
    const article = this.articles.get(index);
    for (const one of this.articles.values()) one.classList.toggle("chosen", one === article);
    article.querySelector("details").open = true;
    article.scrollIntoView({ behavior: "smooth", block: "center" });
  }

  show(needed = 0, most = 60) {
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.severity === this.severity));
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = DATA.findings.map((one, index) => [one, index]).filter(([one]) => {
      if (this.severity && one.severity !== this.severity) return false;
      const text = [one.id, one.title, one.text, one.name, one.who, ...one.basis, ...one.evidence.map((each) => each[2])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const count = Math.max(most, fitting.findIndex(([, index]) => index === needed) + 1);
    this.list.replaceChildren(...fitting.slice(0, count).map(([one, index]) => this.article(one, index)));
    if (!fitting.length) this.list.append(el("p", { class: "faint" }, "None of them has that."));
    if (fitting.length > count) {
      const label = `Show ${Math.min(fitting.length - count, 200)} more of ${fitting.length - count}`;
      this.list.append(el("button", { type: "button", class: "more", on: { click: () => this.show(0, count + 200) } }, label));
    }
  }

  article(finding, index) {
    if (this.articles.has(index)) return this.articles.get(index);
    const where = finding.connector === null ? finding.name : `${finding.name}, connector ${finding.connector}`;
    const acts = [];
    const station = DATA.stations[finding.station];
    if (station && finding.first !== null && PAGE.timeline.view) {
      acts.push(el("button", { type: "button", on: { click: () => PAGE.timeline.reveal(station, finding.first, finding.last) } }, "Show on the timeline"));
    }
    const [first] = finding.evidence;
    if (first && PAGE.frames.has(first[0], first[1])) {
      acts.push(el("button", { type: "button", on: { click: () => PAGE.frames.reveal(first[0], first[1]) } }, "Show among the frames"));
    }
    const article = el(
      "article",
      { id: `finding-${index}`, class: `finding ${finding.severity}` },
      el(
        "header",
        {},
        el("span", { class: "severity" }, finding.severity),
        el("h3", {}, el("code", {}, finding.id), " ", told(finding.title), finding.count > 1 ? el("span", { class: "times" }, ` ×${finding.count.toLocaleString("en")}`) : null),
        el("span", { class: "where" }, told(where)),
      ),
      el("p", {}, told(finding.text)),
      el("p", { class: "next" }, el("b", {}, `${finding.who[0].toUpperCase()}${finding.who.slice(1)}: `), told(finding.next)),
      el("p", { class: "faint small" }, [fromTo(finding.first, finding.last), finding.basis.length ? `Basis: ${finding.basis.join("; ")}` : ""].filter(Boolean).join(" · ")),
      el(
        "details",
        { open: index < 5 },
        el("summary", {}, counted(finding.evidence.length, "line") + " of evidence"),
        finding.evidence.map(([source, line, text]) => el("div", { class: "evidence" }, el("small", { class: "faint" }, told(`${DATA.sources[source]}:${line}`)), rawLine(PAGE.frames.whole(source, line, text)))),
      ),
      acts.length ? el("div", { class: "buttons acts" }, acts) : null,
    );
    this.articles.set(index, article);
    return article;
  }
}
