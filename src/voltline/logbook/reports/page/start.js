// Builds the page from the data that it carries.

const DATA = JSON.parse(byId("data").textContent);
DATA.stations.forEach((station, index) => {
  station.index = index;
  station.sessionList = DATA.sessions.filter((one) => one.station === index);
});

const PAGE = {
  timeline: new Timeline(byId("timeline")),
  findings: new FindingsList(byId("findings")),
  sessions: new SessionsTable(byId("sessions")),
  frames: new FramesTable(byId("frames")),
};

summary(byId("summary"));
PAGE.timeline.build();
PAGE.findings.build();
PAGE.sessions.build();
PAGE.frames.build();
for (const [part, count] of [["findings", DATA.findingCount], ["sessions", DATA.sessionCount], ["frames", DATA.shotCount]]) {
  document.querySelector(`nav a[href="#${part}"]`).append(el("span", { class: "count" }, ` ${count.toLocaleString("en")}`));
}
document.documentElement.dataset.ready = "yes";
