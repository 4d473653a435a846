// The head of the page: the verdict, what was read, and what was concluded.

function summary(host) {
  const counts = Object.fromEntries(SEVERITIES.map((one) => [one, DATA.findings.filter((each) => each.severity === one).length]));
  const names = DATA.files.map((one) => one.source);
  const title = names.length ? [told(names[0].split(/[/\\]/).pop()), names.length > 1 ? ` and ${counted(DATA.fileCount - 1, "more file", "more files")}` : ""] : ["No file"];
  host.append(
    el("p", { class: "faint kicker" }, "OCPP 1.6 inspection"),
    el("h1", {}, title),
    el("p", { class: "lead" }, verdict(counts)),
    el(
      "div",
      { class: "chips" },
      SEVERITIES.filter((one) => counts[one]).map((one) =>
        el("button", { type: "button", class: `chip ${one}`, title: `Show these findings`, on: { click: () => PAGE.findings.only(one) } }, el("b", {}, String(counts[one])), ` ${one}`),
      ),
    ),
    figures(),
    reading(),
  );
}

function verdict(counts) {
  const bad = counts.critical + counts.error;
  if (!DATA.frames) return "No OCPP frame was found.";
  if (!DATA.findings.length) return "Nothing is wrong that this log would show.";
  if (!bad && !counts.warning) return "Nothing is wrong; some things are worth knowing.";
  const worst = DATA.findings[0];
  const where = worst.connector ? `, connector ${worst.connector}` : "";
  return el(
    "span",
    {},
    bad ? `${counted(bad, "fault")} to act on. ` : "No fault, but something to look at. ",
    "Worst: ",
    el("a", { href: "#finding-0", on: { click: (event) => { event.preventDefault(); PAGE.findings.open(0); } } }, told(`${worst.title}`)),
    told(` (${worst.name}${where}).`),
  );
}

function figures() {
  const timed = DATA.stations.filter((one) => one.first !== null);
  const groups = groupsOf(timed);
  const [first, last] = groups.length === 1 ? [groups[0].first, groups[0].last] : [null, null];
  const charged = DATA.sessions.reduce((sum, one) => sum + Math.max(one.energy || 0, 0), 0);
  const tile = (value, label, title) => el("div", { class: "tile", title }, el("b", {}, value), el("span", {}, label));
  const number = (value) => value.toLocaleString("en");
  return el(
    "div",
    { class: "tiles" },
    tile(number(DATA.frames), DATA.repeated ? `frames, ${number(DATA.repeated)} told twice` : "frames"),
    tile(number(DATA.lines), DATA.skipped ? `lines, ${number(DATA.skipped)} without meaning` : "lines", "Lines without meaning to the inspector are listed with their reasons below."),
    tile(number(DATA.stationCount), DATA.stationCount === 1 ? "charge point" : "charge points"),
    tile(number(DATA.sessionCount), DATA.sessionCount === 1 ? "session" : "sessions"),
    tile(energy(charged), "charged"),
    groups.length > 1 ? tile(String(groups.length), "stretches of time, far apart") : null,
    first === null ? null : tile(span((last - first) / 1000), `${fromTo(first, last)} UTC`),
  );
}

function reading() {
  const problems = DATA.files.filter((one) => one.problem);
  const advised = DATA.files.filter((one) => one.advice);
  const whose = advised.length === 1 ? told(advised[0].source) : counted(advised.length, "file");
  const advice = advised.length ? el("p", {}, "No frames in ", whose, ". ", advised[0].advice) : null;
  const inside = [
    el("h3", {}, "What was read"),
    el(
      "div",
      { class: "scroll" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ["File", "Format", "Lines", "Frames", "Left out, and why", "Damage"].map((one) => el("th", {}, one)))),
        el("tbody", {}, DATA.files.map(fileRow)),
      ),
    ),
  ];
  if (DATA.fileCount > DATA.files.length) inside.push(el("p", { class: "faint" }, `${counted(DATA.fileCount - DATA.files.length, "more file")} not listed.`));
  inside.push(el("h3", {}, "What was concluded, not read"));
  if (DATA.inferences.length) {
    inside.push(
      el(
        "ul",
        { class: "inferences" },
        DATA.inferences.map(([confidence, , text, source, line]) => {
          const meter = el("meter", { min: "0", max: "1", value: String(confidence), title: "confidence" });
          return el("li", {}, meter, el("b", {}, `${Math.round(confidence * 100)} %`), el("span", {}, told(text), el("small", { class: "faint" }, " ", told(`${source}:${line}`))));
        }),
      ),
    );
  } else inside.push(el("p", { class: "faint" }, "Nothing: the log says all of it."));
  const label = `What was read, and what was concluded (${counted(DATA.fileCount, "file")}, ${counted(DATA.inferences.length, "conclusion")})`;
  return el("div", {}, problems.map((one) => el("p", { class: "problem" }, "Not read: ", told(one.problem))), advice, el("details", { class: "reading" }, el("summary", {}, label), inside));
}

function fileRow(file) {
  const skipped = file.skipped.map(([reason, count, line]) => el("div", {}, `${count.toLocaleString("en")}: `, told(reason), ` (first: line ${line})`));
  return el(
    "tr",
    {},
    el("td", {}, told(file.source)),
    el("td", {}, file.formats.join(", ") || "none", file.newestFirst ? ", newest first" : ""),
    el("td", { class: "number" }, file.lines.toLocaleString("en")),
    el("td", { class: "number" }, file.frames.toLocaleString("en")),
    el("td", {}, skipped.length ? skipped : "nothing"),
    el("td", {}, file.damage.map(([kind, count]) => `${count} ${kind}`).join(", ") || "none"),
  );
}
