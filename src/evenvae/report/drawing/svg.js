// Elements of a picture, and the width of texts in it.

const SVG = "http://www.w3.org/2000/svg";
const FONT = "system-ui, sans-serif";
const ruler = document.createElement("canvas").getContext("2d");

const narrow = () => innerWidth < 640;
const fontSize = () => narrow() ? 11 : 12;

// An SVG element. Numbers are places in pixels and keep one decimal; the text is never read as markup.
function element(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, typeof value === "number" ? Math.round(value * 10) / 10 : value);
  }
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function textWidth(texts) {
  ruler.font = `${fontSize()}px ${FONT}`;
  return texts.reduce((most, text) => Math.max(most, ruler.measureText(text).width), 0);
}

// Start and end of a longer text, because names often differ at their end.
function shortened(text, most) {
  return text.length <= most ? text : text.slice(0, (most - 1) >> 1) + "…" + text.slice(-(most >> 1));
}
