// The stretch of time that is shown, the same for every charge point of the page.

const SHORTEST = 1000; // milliseconds that fill the width at the closest

class View {
  constructor(begin, end) {
    this.first = begin;
    this.last = Math.max(end, begin + SHORTEST);
    this.begin = this.first;
    this.end = this.last;
    this.followers = [];
  }

  get length() {
    return this.end - this.begin;
  }

  get isWhole() {
    return this.begin <= this.first && this.end >= this.last;
  }

  show(begin, end) {
    const whole = this.last - this.first;
    const length = Math.min(Math.max(end - begin, Math.min(SHORTEST, whole)), whole);
    const middle = (begin + end) / 2;
    this.begin = Math.min(Math.max(middle - length / 2, this.first), this.last - length);
    this.end = this.begin + length;
    for (const follow of this.followers) follow();
  }

  // Around a moment, which stays where it is. Factors below 1 bring it nearer.
  zoom(factor, at) {
    const fixed = at === undefined ? (this.begin + this.end) / 2 : at;
    const length = Math.min(Math.max(this.length * factor, SHORTEST), this.last - this.first);
    const share = (fixed - this.begin) / this.length;
    const begin = fixed - share * length;
    this.show(begin, begin + length);
  }

  pan(ms) {
    const moved = Math.min(Math.max(ms, this.first - this.begin), this.last - this.end);
    this.show(this.begin + moved, this.end + moved);
  }

  whole() {
    this.show(this.first, this.last);
  }
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  0.1 * SECOND, 0.2 * SECOND, 0.5 * SECOND, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY, 365 * DAY,
];

// Where to write a time below the axis, and what: [ms, text, whether a day begins there].
function ticks(begin, end, width) {
  const room = 84;
  const step = STEPS.find((one) => (one / (end - begin)) * width >= room) || STEPS[STEPS.length - 1];
  const found = [];
  for (let at = Math.ceil(begin / step) * step; at <= end; at += step) {
    const midnight = at % DAY === 0;
    const text = midnight ? day(at) : timeOfDay(at, step < MINUTE, step < SECOND);
    found.push([at, text, midnight]);
  }
  return found;
}

// A round number at or above, for the top of a scale.
function roundAbove(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return size * [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * size >= value * 0.999);
}
