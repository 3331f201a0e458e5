// Dots: in the rows of an axis, at the few points of a curve, or as a map with a scale of colours.

const REACH = 14;

function drawDots(group, traces, { x, y, frame }) {
  const inRows = Boolean(y.row);
  const placed = traces.map((trace) => trace.x.map((value, i) => [x.at(value), y.at(inRows ? i : trace.y[i])]));
  traces.forEach((trace, number) => {
    const { size = 7, symbol, color, colorscale, cmin, cmax } = trace.marker;
    const hollow = { fill: "none", "stroke-width": "1.5" }, opacity = String(trace.opacity ?? trace.marker.opacity ?? 1);
    placed[number].forEach(([cx, cy], i) => {
      if (!Number.isFinite(cx) || !Number.isFinite(cy)) return;
      const place = { class: "mark", cx, cy, r: size / 2, opacity };
      if (!colorscale) {
        element("circle", { ...place, ...(symbol === "circle-open" ? { ...hollow, stroke: color } : { fill: color }) }, group);
      } else if (known(color[i])) {
        element("circle", { ...place, fill: colourAt(colorscale, cmin, cmax, color[i]) }, group);
      } else element("circle", { ...place, ...hollow, class: "mark unknown" }, group);
    });
  });
  if (inRows) return rowFinder(traces, y, frame);
  const spoken = traces.map((trace, number) => ({ trace, places: placed[number] })).filter((one) => one.trace.hoverinfo !== "skip");
  return (px, py) => {
    let best = null, least = REACH;
    for (const { trace, places } of spoken) places.forEach(([cx, cy], i) => {
      const distance = Math.hypot(cx - px, cy - py);
      if (distance < least) [least, best] = [distance, { trace, i, cx, cy }];
    });
    if (!best) return null;
    const { trace, i, cx, cy } = best, mark = { x: cx - 6, y: cy - 6, width: 12, height: 12, round: true };
    if (trace.marker.colorscale) return { rows: [{ text: hoverText(trace, i) }], mark };
    return { head: x.text(trace.x[i]), rows: [{ colour: trace.marker.color, name: trace.name, text: y.text(trace.y[i]) }], mark };
  };
}
