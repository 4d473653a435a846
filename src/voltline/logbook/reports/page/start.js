// Builds the page from the data that it carries.

const DATA = JSON.parse(byId("data").textContent);
DATA.stations.forEach((station, index) => {
  station.index = index;
  station.sessionList = DATA.sessions.filter((one) => one.station === index && (one.span[0] !== null || one.span[1] !== null));
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
document.documentElement.dataset.ready = "yes";
