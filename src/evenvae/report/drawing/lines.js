// Lines and steps over an axis, with gaps where a value is not known.

function pathOf(places, steps) {
  let path = "", open = false;
  places.forEach(([x, y], i) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) { open = false; return; }
    const at = (value) => value.toFixed(1);
    if (!open) path += `M${at(x)},${at(y)}`;
    else if (steps) path += `H${at(x)}V${at(y)}`;
    else path += `L${at(x)},${at(y)}`;
    open = true;
  });
  return path;
}

function drawLines(group, traces, { x, y, frame }) {
  const placed = traces.map((trace) => trace.x.map((value, i) => [x.at(value), y.at(trace.y[i])]));
  traces.forEach((trace, number) => {
    const { color, width = 2, dash, shape } = trace.line, steps = shape === "hv";
    const path = pathOf(placed[number], steps), seen = placed[number].filter(([, high]) => Number.isFinite(high));
    if (trace.fill && seen.length) {
      const [floor, from, to] = [frame.bottom, seen[0][0], seen[seen.length - 1][0]].map((v) => v.toFixed(1));
      element("path", { d: `${path}L${to},${floor}L${from},${floor}Z`, fill: color, "fill-opacity": "0.33" }, group);
    }
    element("path", {
      class: "mark line", d: path, fill: "none", stroke: color, "stroke-width": String(width),
      "stroke-opacity": String(trace.opacity ?? 1), ...(dash === "dot" ? { "stroke-dasharray": "2 4" } : {}),
    }, group);
  });
  const spoken = traces.map((trace, number) => ({ trace, places: placed[number] })).filter((one) => one.trace.hoverinfo !== "skip");
  return lineFinder(spoken, x, y, frame);
}

// The values at the step under the pointer, or at the nearest point.
function lineFinder(spoken, x, y, frame) {
  const nearest = (places, steps, pointer) => {
    let found = -1;
    places.forEach(([place], i) => {
      if (!Number.isFinite(place) || (steps && (place > pointer || i === places.length - 1))) return;
      if (found < 0 || Math.abs(place - pointer) <= Math.abs(places[found][0] - pointer)) found = i;
    });
    return found;
  };
  return (pointer) => {
    const near = spoken.map(({ trace, places }) => {
      const steps = trace.line.shape === "hv", i = nearest(places, steps, pointer);
      return { trace, steps, i, place: i < 0 ? Infinity : places[i][0], next: steps && i >= 0 ? places[i + 1][0] : null };
    });
    if (!near.length) return null;
    const best = near.reduce((a, b) => Math.abs(b.place - pointer) < Math.abs(a.place - pointer) ? b : a);
    if (best.i < 0) return null;
    const head = x.text(best.trace.x[best.i]);
    const rows = near.filter((one) => Math.abs(one.place - best.place) < 3).map(({ trace, i }) => ({
      colour: trace.line.color, name: trace.name, text: y.text(trace.y[i]),
    }));
    const mark = { x: best.place - 0.5, y: frame.top, width: best.steps ? best.next - best.place : 1, height: frame.height };
    return { head: best.steps ? `${head} to ${x.text(best.trace.x[best.i + 1])}` : head, rows, mark };
  };
}
