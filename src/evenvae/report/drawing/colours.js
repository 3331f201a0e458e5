// Scales of colours, and the bar beside a picture that explains one.

const BAR = 12, PIECES = 48;

// The colour of a value; stops are [share, "#rrggbb"] in rising order, and equal colours in a row make a flat piece.
function colourAt(stops, low, high, value) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  let i = 1;
  while (i < stops.length - 1 && stops[i][0] < share) i++;
  const [[from, first], [to, second]] = [stops[i - 1], stops[i]], part = to > from ? (share - from) / (to - from) : 1;
  if (first === second) return first;
  const channel = (colour, c) => parseInt(colour.slice(1 + 2 * c, 3 + 2 * c), 16);
  return `rgb(${[0, 1, 2].map((c) => Math.round(channel(first, c) + part * (channel(second, c) - channel(first, c)))).join()})`;
}

// The colour bar of a picture: its texts, and how a piece of it is filled.
function colourBar(trace, largest) {
  if (trace.type === "heatmap") {
    const numbers = [-largest, 0, largest];
    return { low: -largest, high: largest, ticks: numbers, texts: numbers.map(exactText), ground: true,
      fill: (value) => cellShade(value, largest) };
  }
  const { marker } = trace;
  if (!marker || !marker.showscale) return null;
  return { low: marker.cmin, high: marker.cmax, ticks: marker.colorbar.tickvals, texts: marker.colorbar.ticktext,
    fill: (value) => ({ fill: colourAt(marker.colorscale, marker.cmin, marker.cmax, value) }) };
}

function drawColourBar(group, bar, frame) {
  const x = frame.right + 14, edge = (piece) => Math.round(frame.bottom - piece / PIECES * frame.height);
  const at = (value) => frame.bottom - (value - bar.low) / (bar.high - bar.low) * frame.height;
  if (bar.ground) element("rect", { class: "ground", x, y: edge(PIECES), width: BAR, height: edge(0) - edge(PIECES) }, group);
  for (let piece = 0; piece < PIECES; piece++) {
    const value = bar.low + (piece + 0.5) / PIECES * (bar.high - bar.low);
    const place = { x, y: edge(piece + 1), width: BAR, height: edge(piece) - edge(piece + 1) };
    element("rect", { ...place, ...bar.fill(value), "shape-rendering": "crispEdges" }, group);
  }
  bar.ticks.forEach((tick, i) => {
    if (tick < bar.low || tick > bar.high) return;
    element("text", { x: x + BAR + 5, y: at(tick), dy: "0.35em" }, group, bar.texts[i]);
  });
}
