// Numbers, times and texts as a person reads them. Times are milliseconds since 1970, shown in UTC.

// A log of a syslog without a year is dated 1904 where nothing told the year.
const NO_YEAR = Date.UTC(1905, 0, 1);

// Characters that nobody sees, or that turn a line round: controls, zero width, direction marks.
const UNSEEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]",
  "g",
);

function visible(text) {
  return String(text).replace(UNSEEN, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

function counted(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many || one + "s"}`;
}

function moment(ms) {
  if (ms === null || ms === undefined) return "";
  return `${day(ms)} ${timeOfDay(ms, true)}`;
}

function day(ms) {
  const iso = new Date(ms).toISOString();
  return ms < NO_YEAR ? iso.slice(5, 10) : iso.slice(0, 10);
}

function timeOfDay(ms, withSeconds, withMillis) {
  return new Date(ms).toISOString().slice(11, withMillis ? 23 : withSeconds ? 19 : 16);
}

// From one time to another, the day told once where it is the same.
function fromTo(first, last) {
  if (first === null) return "";
  if (last === null || last - first < 1000) return moment(first);
  return day(first) === day(last) ? `${moment(first)} – ${timeOfDay(last, true)}` : `${moment(first)} – ${moment(last)}`;
}

function span(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (s < 1) return `${sign}${Math.round(s * 1000)} ms`;
  if (s < 90) return `${sign}${s < 10 ? +s.toFixed(1) : Math.round(s)} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${sign}${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${sign}${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${sign}${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function energy(wh) {
  if (wh === null || wh === undefined) return "";
  return `${(wh / 1000).toFixed(Math.abs(wh) < 100000 ? 2 : 1)} kWh`;
}

function power(w) {
  return w === null || w === undefined ? "" : `${(w / 1000).toFixed(w < 100000 ? 2 : 1)} kW`;
}

function current(a) {
  return a === null || a === undefined ? "" : `${+a.toFixed(a < 10 ? 2 : 1)} A`;
}
