// A figure of the page as a picture: the frame, the axes, and the marks of its traces.

const TOP = 8;

function draw(box, figure, hidden = new Set()) {
  const { layout } = figure, width = box.clientWidth, xaxis = layout.xaxis || {}, yaxis = layout.yaxis || {};
  if (!width) return;
  box.replaceChildren();
  const again = () => draw(box, figure, hidden);
  const above = layout.showlegend ? legend(box, figure.data, hidden, again) : 0;
  const traces = figure.data.filter((trace, number) => !hidden.has(keyOf(trace, number)));
  const [first] = figure.data, heat = first.type === "heatmap", inRows = yaxis.type === "category";
  const bar = colourBar(first, heat ? layout.coloraxis.cmax : 0);

  const names = inRows ? rowTexts(yaxis, first.y, narrow() ? 14 : 28) : [], beneath = heat ? rowTexts(xaxis, first.x, 14) : [];
  const below = heat ? 16 + 0.87 * textWidth(beneath) : xaxis.title ? 42 : 22;
  const height = figure.rows ? figure.each * figure.rows.length + TOP + below : Math.max(120, figure.height - above);
  const frame = { top: TOP, bottom: height - below, right: width - 12 - (bar ? BAR + 16 + textWidth(bar.texts) : 0) };
  frame.height = frame.bottom - frame.top;

  const upright = first.type === "bar" && !inRows, marked = traces.some((trace) => trace.mode === "markers");
  const y = inRows ? rowScale(names, frame.top, frame.bottom)
    : scaleOf(yaxis, span(upright ? { ...yaxis, rangemode: "tozero" } : yaxis, traces, "y", 0.05), frame.bottom, frame.top);
  const ticks = inRows ? [] : y.ticks(yaxis.nticks || Math.max(2, Math.floor(frame.height / 36)));
  frame.left = Math.min(width / 2, 8 + textWidth(inRows ? names : ticks.map((tick) => tick.text)) + (yaxis.title ? 22 : 6));
  frame.width = frame.right - frame.left;
  const room = marked || upright ? 0.03 : first.type === "bar" ? 0.05 : 0;
  const x = heat ? rowScale(beneath, frame.left, frame.right)
    : scaleOf(xaxis, span(xaxis, traces, "x", room), frame.left, frame.right);

  const svg = element("svg", {
    viewBox: `0 0 ${width} ${Math.round(height)}`, "font-size": fontSize(), role: "img", "aria-label": box.dataset.label,
  }, box);
  if (inRows) drawRowsBeside(svg, y, frame); else drawBeside(svg, yaxis, ticks, y, frame, !bar);
  if (heat) drawColumnsBelow(svg, x, frame); else drawBelow(svg, xaxis, x, frame, inRows);
  if (bar) drawColourBar(svg, bar, frame);
  const marks = element("g", { class: "marks" }, svg), gap = layout.bargap ?? 0.2;
  const find = drawMarks(marks, traces, { x, y, frame, gap, largest: heat && layout.coloraxis.cmax });
  for (const { x0 } of layout.shapes || []) {
    const place = x.at(x0);
    if (place < frame.left || place > frame.right) continue;
    element("line", { class: "upright", x1: place, x2: place, y1: frame.top, y2: frame.bottom }, svg);
  }
  speak(svg, find, width);
}

// The marks of all traces, which are of one type except for curves of a single point, which are dots among lines.
function drawMarks(group, traces, place) {
  const [first] = traces, of = (mode) => traces.filter((trace) => trace.mode === mode);
  if (!first) return () => null;
  if (first.type === "heatmap") return drawCells(group, first, place);
  if (first.type === "bar") return (place.y.row ? drawBars : drawUprightBars)(group, traces, place);
  const finders = [drawDots(group, of("markers"), place), drawLines(group, of("lines"), place)];
  return (px, py) => finders[0](px, py) || finders[1](px, py);
}
