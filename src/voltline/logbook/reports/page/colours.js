// Colours stand in the style sheet, for light and for dark; the canvas asks for them here.

const STATUSES = [
  "Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Reserved", "Unavailable", "Faulted",
];
const SEVERITIES = ["critical", "error", "warning", "info"];

let known = new Map();

function colour(name) {
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return known.get(name);
}

function forgetColours() {
  known = new Map();
}

function statusColour(status) {
  return colour(STATUSES.includes(status) ? `status-${status.toLowerCase()}` : "status-unknown");
}

function worse(one, other) {
  return SEVERITIES.indexOf(one) < SEVERITIES.indexOf(other) ? one : other;
}
