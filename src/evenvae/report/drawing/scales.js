// From values to places in pixels: numbers, logarithms, times, and rows of equal height.

const DAY = 86400000;
// steps of seconds, minutes, hours and days, in milliseconds
const MOMENTS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800].map((s) => 1000 * s);

const timeOf = (text) => Date.parse(text.includes("T") ? text + "Z" : text);

// About `count` round numbers between two.
function roundTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  // the limits are the geometric means of 1, 2, 5 and 10
  const step = power * ([[1, 1.42], [2, 3.17], [5, 7.08]].find(([, limit]) => rough <= limit * power) || [10])[0];
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function numberScale(low, high, from, to, share = false) {
  const at = (value) => known(value) ? from + (value - low) / (high - low) * (to - from) : NaN;
  const ticks = (count) => {
    const places = roundTicks(low, high, count), texts = places.length ? tickTexts(places, share) : [];
    return places.map((value, i) => ({ place: at(value), text: texts[i] }));
  };
  return { at, ticks, zero: low < 0 && high > 0 ? at(0) : null, text: (v) => share ? percentText(v, 1) : exactText(v) };
}

function logScale(low, high, from, to) {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  const at = (value) => value > 0 ? from + (Math.log10(value) - first) / (last - first) * (to - from) : NaN;
  const ticks = (count) => {
    const powers = [], between = [];
    for (let k = Math.floor(first); k <= last; k++) {
      powers.push(10 ** k);
      for (const factor of [1, 2, 5]) between.push(Number(`${factor}e${k}`));
    }
    const inside = (values) => values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
    let places = inside(powers);
    // every second or third power where there are many, also 2 and 5 between few
    if (places.length > count) places = places.filter((_, i) => i % Math.ceil(places.length / count) === 0);
    if (places.length < 3) places = inside(between);
    if (places.length < 2) places = roundTicks(low, high, count).filter((value) => value > 0);
    const texts = powerTicks(places);
    return places.map((value, i) => ({ place: at(value), text: texts[i] }));
  };
  return { at, ticks, zero: null, text: exactText };
}

function timeTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), found = [];
  if (rough < 20 * DAY) {
    const step = MOMENTS.find((size) => size >= rough) || 14 * DAY;
    for (let t = Math.ceil(low / step) * step; t <= high; t += step) found.push(t);
    return found.map((t) => [t, step >= DAY ? new Date(t).toISOString().slice(0, 10)
      : new Date(t).toISOString().slice(...(step >= 60000 ? [5, 16] : [11, 19])).replace("T", " ")]);
  }
  const year = (t) => new Date(t).getUTCFullYear(), months = [1, 3, 6].find((n) => n * 30 * DAY >= rough);
  if (!months) {
    return roundTicks(year(low), year(high) + 1, Math.min(count, year(high) - year(low) + 1))
      .map((y) => [Date.UTC(y, 0), String(y)]).filter(([t]) => t >= low && t <= high);
  }
  for (let y = year(low); y <= year(high); y++) for (let m = 0; m < 12; m += months) found.push(Date.UTC(y, m));
  return found.filter((t) => t >= low && t <= high).map((t) => [t, new Date(t).toISOString().slice(0, 7)]);
}

function timeScale(low, high, from, to) {
  const inner = numberScale(low, high, from, to);
  const ticks = (count) => timeTicks(low, high, count).map(([t, text]) => ({ place: inner.at(t), text }));
  return { at: (text) => inner.at(timeOf(text)), ticks, zero: null, text: (text) => timeText(timeOf(text)) };
}

// A row for every text. Rows are counted, so that two rows may have the same text.
function rowScale(texts, from, to) {
  const step = (to - from) / Math.max(1, texts.length);
  return {
    step, texts, row: (place) => Math.floor((place - from) / step), at: (row) => from + (row + 0.5) * step,
  };
}
