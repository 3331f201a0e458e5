// A map of pairs: the colour of a cell says how large its value is and of which sign.
// A cell lies over the colour of 0, which differs between light and dark, and covers it the more, the larger its value.

function cellShade(value, largest) {
  return { class: value < 0 ? "below" : "above", "fill-opacity": Math.min(1, Math.abs(value) / largest).toFixed(2) };
}

function drawCells(group, trace, { x, y, frame, largest }) {
  const gap = Math.min(x.step, y.step) > 6 ? 1 : 0;
  trace.z.forEach((row, i) => row.forEach((value, j) => {
    if (!known(value)) return;
    const place = {
      x: x.at(j) - x.step / 2, y: y.at(i) - y.step / 2, width: x.step - gap, height: y.step - gap,
    };
    element("rect", { class: "ground", ...place }, group);
    element("rect", { ...cellShade(value, largest), ...place }, group);
  }));
  return (px, py) => {
    const [i, j] = [y.row(py), x.row(px)];
    if (i < 0 || j < 0 || i >= trace.y.length || j >= trace.x.length || px < frame.left) return null;
    const mark = { x: x.at(j) - x.step / 2, y: y.at(i) - y.step / 2, width: x.step, height: y.step };
    return { head: `${trace.y[i]} · ${trace.x[j]}`, rows: [{ text: exactText(trace.z[i][j]) }], mark };
  };
}
