// The page: its search, its switches, and which pictures are drawn when.

const figures = JSON.parse(document.getElementById("figures").textContent);
const root = document.documentElement;
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const chosen = {}; // figure -> number of the chosen option
const hidden = {}; // figure -> keys of the traces that its legend hides
const widths = new Map(); // drawn element -> the width that it was drawn for
let query = "", kind = "";

const dark = () => root.dataset.theme
  ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

// texts that occur often are in the page once
function unpacked(texts) {
  return texts && texts.places ? texts.places.map((place) => texts.texts[place]) : texts;
}

function patched(figure, name) {
  const data = structuredClone(figure.data);
  const option = figure.choice && figure.choice.options[chosen[name] ?? figure.choice.selected];
  if (option) for (const [path, values] of Object.entries(option[1])) {
    figure.choice.traces.forEach((trace, number) => {
      const keys = path.split("."), last = keys.pop();
      let target = data[trace];
      for (const key of keys) target = target[key] ??= {};
      target[last] = values[Math.min(number, values.length - 1)];
    });
  }
  for (const trace of data) {
    if (trace.text) trace.text = unpacked(trace.text);
    if (trace.together) {
      const { options, traces } = figure.choice;
      trace.x = options.flatMap(() => [...data[traces[0]].x, null]);
      trace.y = options.flatMap(([, patch]) => [...patch.y[0], null]);
    }
  }
  return data;
}

// a figure with a row a column shows the rows that the search leaves
function current(name) {
  const figure = figures[name], data = patched(figure, name);
  if (!figure.rows) return { ...figure, data };
  const kept = figure.rows.map((row, place) => place).filter((place) => matches([figure.rows[place]]));
  const pick = (list) => Array.isArray(list) && list.length === figure.rows.length ? kept.map((i) => list[i]) : list;
  for (const trace of data) {
    for (const key of ["x", "y", "text", "customdata"]) if (trace[key]) trace[key] = pick(trace[key]);
    trace.marker.color = pick(trace.marker.color);
  }
  return { ...figure, data, rows: pick(figure.rows) };
}

function show(box) {
  const name = box.dataset.figure;
  if (!box.clientWidth) return;
  widths.set(box, box.clientWidth);
  draw(box, current(name), hidden[name] ??= new Set());
  box.style.height = "";
}

const columnsOf = (item) => JSON.parse(item.dataset.columns);
const kinds = new Map(); // column -> numbers or levels
for (const card of all(".card")) kinds.set(columnsOf(card)[0], card.dataset.kind);
const matches = (columns) => columns.some((column) =>
  column.toLowerCase().includes(query) && (!kind || kinds.get(column) === kind));

function filter() {
  const searching = query || kind;
  for (const item of all("[data-columns]")) item.hidden = Boolean(searching) && !matches(columnsOf(item));
  const names = [...kinds.keys()], left = names.filter((name) => matches([name])).length;
  for (const item of all("figure[data-rows]")) item.hidden = left === 0;
  for (const box of widths.keys()) if (figures[box.dataset.figure].rows) show(box);
  const output = document.getElementById("count");
  output.textContent = searching ? `${left} of ${names.length} columns` : `${names.length} columns`;
  for (const section of all("section")) {
    const items = all("[data-columns]", section);
    section.querySelector(".nothing").hidden = !searching || !items.length || items.some((item) => !item.hidden);
  }
}

const coming = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { coming.unobserve(entry.target); show(entry.target); }
}, { rootMargin: "600px" });
all(".plot").forEach((box) => coming.observe(box));
addEventListener("beforeprint", () => all(".plot").forEach((box) => widths.has(box) || show(box)));

document.getElementById("search").addEventListener("input", (event) => {
  query = event.target.value.trim().toLowerCase(); filter();
});
document.getElementById("kind").addEventListener("change", (event) => { kind = event.target.value; filter(); });
for (const select of all("select[data-for]")) select.addEventListener("change", () => {
  chosen[select.dataset.for] = Number(select.value);
  show(document.getElementById("plot-" + select.dataset.for));
});
for (const select of all("select.order")) select.addEventListener("change", () => {
  const gallery = select.closest("section").querySelector(".gallery");
  const fact = (card) => JSON.parse(card.dataset.facts)[select.value];
  gallery.append(...all(".card", gallery).sort((a, b) => fact(a) - fact(b)));
});

// the colours of pictures follow the style of the page: nothing is drawn again
document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; });

// a picture is drawn again when its width changes, also when it was hidden at that time
let waiting;
const resized = new ResizeObserver(() => {
  clearTimeout(waiting);
  waiting = setTimeout(() => widths.forEach((width, box) => {
    if (box.clientWidth && box.clientWidth !== width) show(box);
  }), 100);
});
all(".plot").forEach((box) => resized.observe(box));

const links = new Map(all(".bar nav a").map((link) => [link.hash.slice(1), link]));
const reading = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) {
    links.forEach((link) => link.classList.remove("here"));
    const link = links.get(entry.target.id), strip = link.parentElement;
    link.classList.add("here");
    strip.scrollTo({ left: link.offsetLeft - strip.clientWidth / 2 + link.clientWidth / 2, behavior: "auto" });
  }
}, { rootMargin: "-30% 0px -65% 0px" });
all("section").forEach((section) => reading.observe(section));
document.body.dataset.ready = "yes";
