// Bars: side by side in the rows of an axis, or upright over numbers.
// What draws a mark answers with a function that says what is at a place of the picture.

const THICKEST = 26;

function fillOf(trace, place) {
  const colour = trace.marker.color;
  return Array.isArray(colour) ? colour[place] : colour;
}

function drawBars(group, traces, { x, y, frame, gap }) {
  const slot = Math.min(y.step * (1 - gap), THICKEST * traces.length), thick = slot / Math.max(1, traces.length);
  const zero = Math.min(frame.right, Math.max(frame.left, x.at(0)));
  traces.forEach((trace, number) => trace.x.forEach((value, row) => {
    const end = x.at(value), top = y.at(row) - slot / 2 + number * thick;
    if (!Number.isFinite(end)) return;
    const width = Math.abs(end - zero), place = { x: Math.min(zero, end), y: top, width, height: Math.max(1, thick - 1) };
    element("rect", { class: "mark", fill: fillOf(trace, row), ...place }, group);
    const inside = trace.text && trace.text[row];
    if (inside) {
      element("text", {
        class: "inside", x: end - 4, y: top + thick / 2, dy: "0.35em", "text-anchor": "end",
      }, group, inside);
    }
  }));
  return rowFinder(traces, y, frame);
}

// What the traces say of a row.
function rowFinder(traces, y, frame) {
  return (_, place) => {
    const row = y.row(place), first = traces[0];
    if (!first || row < 0 || row >= first.y.length) return null;
    return {
      head: first.y[row],
      rows: traces.map((trace) => ({ colour: fillOf(trace, row), name: trace.name, text: hoverText(trace, row) })),
      mark: { x: 0, y: y.at(row) - y.step / 2, width: frame.right, height: y.step },
    };
  };
}

function drawUprightBars(group, traces, { x, y, frame, gap }) {
  const [trace] = traces;
  if (!trace) return () => null;
  const places = trace.x.map(x.at), step = places.length > 1 ? places[1] - places[0] : frame.width;
  trace.y.forEach((value, i) => {
    const top = y.at(value), width = step * (1 - gap);
    if (!Number.isFinite(top)) return;
    const place = { x: places[i] - width / 2, y: top, width, height: Math.max(0, y.at(0) - top) };
    element("rect", { class: "mark", fill: fillOf(trace, i), ...place }, group);
  });
  return (place) => {
    const i = Math.round((place - places[0]) / step);
    if (i < 0 || i >= places.length) return null;
    const mark = { x: places[i] - step / 2, y: frame.top, width: step, height: frame.height };
    return { rows: [{ colour: fillOf(trace, i), text: hoverText(trace, i) }], mark };
  };
}
