// What lies where in a charge point's picture: lanes from the top down, made once for a width.

const CAPTION = 20;
const BAND = 16;
const PINS = 20;
const SESSIONS = 17;
const CHART = 112;
const LINE = 12;
const AXIS = 24;
const GAP = 8;

function lanesOf(station) {
  const lanes = [];
  let y = 4;
  const add = (kind, height, more) => {
    lanes.push({ kind, y, height, ...more });
    y += height;
  };
  const pins = (number) => station.marks.filter(([, index]) => belongs(DATA.findings[index], number));
  const own = pins(null);
  if (own.length) add("pins", PINS, { marks: own });
  const { linked } = station;
  if (linked || station.booted.length) {
    add("caption", CAPTION, { text: linked ? "Connection" : "Boots", right: connectionTold(station) });
    add("connection", LINE, { linked });
    y += GAP;
  }
  for (const connector of station.connectors) {
    const marks = connector.number === 0 ? [] : pins(connector.number);
    const sessions = connector.number === 0 ? [] : station.sessionList.filter((one) => one.connector === connector.number);
    const chart = connector.load.length > 0 || connector.limits.length > 0;
    if (!connector.states.length && !chart && !marks.length && !sessions.length) continue;
    if (connector.number === 0 && connector.states.every(([, status]) => status === "Available")) continue;
    add("caption", CAPTION, {
      text: connector.number === 0 ? "Charge point as a whole" : `Connector ${connector.number}`,
      right: connectorTold(connector, sessions),
    });
    if (marks.length) add("pins", PINS, { marks });
    add("status", BAND, { states: connector.states, connector });
    if (sessions.length) add("sessions", SESSIONS, { sessions });
    if (chart) add("chart", CHART, { connector, ...scaleOf(connector) });
    y += GAP;
  }
  if (lanes.length === 0) add("nothing", CAPTION, {});
  add("axis", AXIS, {});
  return { lanes, height: y };
}

// Findings of the whole charge point and of connector 0 stand on top.
function belongs(finding, number) {
  return number === null ? !finding.connector : finding.connector === number;
}

function connectionTold(station) {
  const parts = [];
  if (station.gapCount) parts.push(counted(station.gapCount, "gap"));
  if (station.connections) parts.push(counted(station.connections, "connection"));
  if (station.booted.length) parts.push(counted(station.boots, "boot"));
  return parts.join(", ");
}

function connectorTold(connector, sessions) {
  const parts = [];
  if (sessions.length) parts.push(counted(sessions.length, "session"));
  const known = sessions.map((one) => one.energy).filter((one) => one !== null && one >= 0);
  if (known.length) parts.push(energy(known.reduce((sum, one) => sum + one, 0)));
  return parts.join(", ");
}

const VOLTS = 230;

// How ampere and watt go together here: phases as far as the readings tell, three where they do not.
function scaleOf(connector) {
  const ratios = connector.load
    .filter(([, w, a]) => w > 500 && a > 1)
    .map(([, w, a]) => w / (a * VOLTS))
    .sort((one, other) => one - other);
  const phases = ratios.length ? Math.min(Math.max(Math.round(ratios[ratios.length >> 1]), 1), 3) : 3;
  const inWatt = connector.load.some(([, w]) => w !== null);
  const steps = connector.load.slice(1).map(([at], i) => at - connector.load[i][0]).sort((one, other) => one - other);
  const usual = steps.length ? steps[steps.length >> 1] : 0;
  return { phases, inWatt, derived: connector.load.some((one) => one[3] === 1), silence: Math.max(5 * usual, 10 * MINUTE) };
}

// A reading, or a limit, in the unit that the chart has.
function heightOf(lane, unit, w, a) {
  if (unit === "A") return a !== null ? a : w === null ? null : w / (VOLTS * lane.phases);
  return w !== null ? w : a === null ? null : a * VOLTS * lane.phases;
}
