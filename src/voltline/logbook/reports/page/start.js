const DATA = JSON.parse(byId("data").textContent);
byId("findings").append(
  ...DATA.findings.map((one) => el("article", {}, el("h3", {}, `${one.id} ${one.title}`), told(one.text))),
);
