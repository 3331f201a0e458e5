// What an axis spans, its lines and its texts.

// The least and the largest value on an axis of numbers, with room at the ends where marks would touch them.
function span(spec, traces, key, room) {
  if (spec.range) return spec.range;
  const inner = spec.type === "log" ? Math.log10 : (value) => value, outer = spec.type === "log" ? (v) => 10 ** v : inner;
  let low = Infinity, high = -Infinity;
  for (const trace of traces) for (const given of trace[key] || []) {
    if (!known(given)) continue;
    const value = inner(spec.type === "date" ? timeOf(given) : given);
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (low > high) [low, high] = [0, 1];
  if (spec.rangemode === "tozero") low = Math.min(0, low);
  if (low === high) {
    const half = spec.type === "date" ? DAY : low === 0 || spec.type === "log" ? 0.5 : Math.abs(low) / 10;
    [low, high] = [low - half, high + half];
  }
  const more = room * (high - low), floor = spec.rangemode === "tozero" && low === 0;
  return [outer(floor ? 0 : low - more), outer(high + more)];
}

function scaleOf(spec, [low, high], from, to) {
  if (spec.type === "log") return logScale(low, high, from, to);
  if (spec.type === "date") return timeScale(low, high, from, to);
  return numberScale(low, high, from, to, spec.tickformat === "~%");
}

// Names of the rows of an axis, short enough for the picture.
function rowTexts(spec, names, most) {
  return spec.ticktext || names.map((name) => shortened(name, most));
}

// Texts of ticks that do not run into each other.
function spaced(ticks) {
  let every = 1;
  const kept = () => ticks.filter((_, i) => i % every === 0);
  const close = (some) => some.some((tick, i) => i > 0
    && tick.place - some[i - 1].place < (textWidth([tick.text]) + textWidth([some[i - 1].text])) / 2 + 8);
  while (every < ticks.length && close(kept())) every++;
  return kept();
}

function drawBelow(group, spec, scale, frame, zero) {
  const ticks = spaced(scale.ticks(spec.nticks || Math.max(2, Math.floor(frame.width / (narrow() ? 56 : 80)))));
  for (const { place, text } of ticks) {
    element("line", { class: "grid", x1: place, x2: place, y1: frame.top, y2: frame.bottom }, group);
    element("text", { x: place, y: frame.bottom + 15, "text-anchor": "middle" }, group, text);
  }
  if (zero && scale.zero !== null) {
    element("line", { class: "zero", x1: scale.zero, x2: scale.zero, y1: frame.top, y2: frame.bottom }, group);
  }
  drawTitleBelow(group, spec, frame);
}

function drawTitleBelow(group, spec, frame) {
  if (!spec.title) return;
  const place = { class: "title", x: (frame.left + frame.right) / 2, y: frame.bottom + 34, "text-anchor": "middle" };
  element("text", place, group, spec.title.text);
}

function drawBeside(group, spec, ticks, scale, frame, zero) {
  for (const { place, text } of ticks) {
    element("line", { class: "grid", x1: frame.left, x2: frame.right, y1: place, y2: place }, group);
    element("text", { x: frame.left - 6, y: place, dy: "0.35em", "text-anchor": "end" }, group, text);
  }
  if (zero && scale.zero !== null) {
    element("line", { class: "zero", x1: frame.left, x2: frame.right, y1: scale.zero, y2: scale.zero }, group);
  }
  if (spec.title) {
    const [x, y] = [12, (frame.top + frame.bottom) / 2];
    const turned = { class: "title", x, y, "text-anchor": "middle", transform: `rotate(-90 ${x} ${Math.round(y)})` };
    element("text", turned, group, spec.title.text);
  }
}

function drawRowsBeside(group, scale, frame) {
  scale.texts.forEach((text, row) => element("text", {
    class: "name", x: frame.left - 6, y: scale.at(row), dy: "0.35em", "text-anchor": "end",
  }, group, text));
}

function drawColumnsBelow(group, scale, frame) {
  scale.texts.forEach((text, column) => {
    const [x, y] = [scale.at(column) - 3, frame.bottom + 10];
    element("text", { class: "name", x, y, transform: `rotate(60 ${x.toFixed(1)} ${y.toFixed(1)})` }, group, text);
  });
}
