// The exact values at the pointer, in a small box beside it.

// The words of a trace for one of its points: %{x}, %{y}, %{text} or %{customdata}, %{x:.1%} for a share.
function hoverText(trace, place) {
  const value = (field) => (trace[field] || [])[place];
  if (trace.hovertemplate === "%{text}") return value("text") ?? colourText(trace, place);
  return (trace.hovertemplate || "%{x}").replace(/%\{(\w+)(?::\.(\d)%)?\}/g, (_, field, digits) =>
    digits ? percentText(value(field), Number(digits)) : exactText(value(field)));
}

// Texts that would only repeat the numbers behind the colours are not in the page.
function colourText(trace, place) {
  const value = trace.marker.color[place];
  return known(value) ? exactText(value) : "missing";
}

const tip = document.createElement("div");
tip.id = "tip";
tip.setAttribute("role", "status");
tip.hidden = true;
document.body.append(tip);

function showTip(found, event) {
  tip.replaceChildren();
  const line = (name, text, colour) => {
    const made = document.createElement("div");
    if (colour) {
      const chip = document.createElement("i");
      chip.style.color = colour;
      made.append(chip);
    }
    if (name) made.append(name + ": ");
    const strong = document.createElement("b");
    strong.textContent = text;
    made.append(strong);
    tip.append(made);
  };
  if (found.head !== undefined) {
    const head = document.createElement("div");
    head.textContent = found.head;
    tip.append(head);
  }
  for (const row of found.rows) line(row.name, row.text, row.colour);
  tip.hidden = false;
  // beside the pointer, on the side where there is room
  const { width, height } = tip.getBoundingClientRect(), { clientX: x, clientY: y } = event;
  const left = x + 14 + width > document.documentElement.clientWidth ? x - 14 - width : x + 14;
  tip.style.left = Math.max(4, left) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - height - 4)) + "px";
}

let silence = () => {};

// The picture answers the pointer with `find`, and outlines what it speaks of.
function speak(svg, find, scaled) {
  const outline = element("rect", { class: "outline", visibility: "hidden" }, svg);
  const hide = () => { tip.hidden = true; outline.setAttribute("visibility", "hidden"); };
  const answer = (event) => {
    const box = svg.getBoundingClientRect(), ratio = scaled / (box.width || scaled);
    const found = find((event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio);
    silence();
    if (!found) return;
    silence = hide;
    const { round, ...place } = found.mark;
    for (const [key, value] of Object.entries({ ...place, rx: round ? 6 : 0 })) outline.setAttribute(key, value.toFixed(1));
    outline.setAttribute("visibility", "visible");
    showTip(found, event);
  };
  svg.addEventListener("pointermove", answer);
  svg.addEventListener("pointerdown", answer);
  // a finger that is lifted leaves the picture, and what it asked for stays
  svg.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") hide(); });
}
addEventListener("scroll", () => silence(), { capture: true, passive: true });
addEventListener("pointerdown", (event) => { if (!event.target.closest(".plot svg")) silence(); });
