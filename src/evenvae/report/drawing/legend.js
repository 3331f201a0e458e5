// The names of the traces above a picture; a click hides a trace or shows it again.

const keyOf = (trace, number) => trace.legendgroup || String(number);

function legend(box, data, hidden, redraw) {
  const strip = document.createElement("div");
  strip.className = "keys";
  data.forEach((trace, number) => {
    if (trace.showlegend === false || !trace.name) return;
    const button = document.createElement("button"), chip = document.createElement("i"), key = keyOf(trace, number);
    button.type = "button";
    button.setAttribute("aria-pressed", String(!hidden.has(key)));
    const colour = (trace.mode === "lines" && trace.line.color) || fillOf(trace, 0);
    const dash = trace.mode === "lines" && trace.line.dash === "dot", open = trace.marker && trace.marker.symbol === "circle-open";
    chip.className = (trace.mode || "box") + (dash ? " dot" : "") + (open ? " open" : "");
    chip.style.color = colour;
    button.append(chip, trace.name);
    button.addEventListener("click", () => {
      if (!hidden.delete(key)) hidden.add(key);
      redraw();
    });
    strip.append(button);
  });
  box.append(strip);
  return strip.offsetHeight;
}
