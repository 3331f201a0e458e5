"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const config = JSON.parse(document.getElementById("config").textContent);
  const root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const chosen = {}; // figure -> number of the chosen option
  const drawn = new Set();
  let query = "", kind = "";

  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const narrow = () => innerWidth < 640;
  const short = (text, most) => text.length <= most ? text
    : text.slice(0, (most - 1) >> 1) + "…" + text.slice(-(most >> 1));

  function themed(layout, figure) {
    const copy = structuredClone(layout), line = colour("--line");
    Object.assign(copy, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--text"), size: narrow() ? 11 : 12, family: "system-ui, sans-serif" },
      hoverlabel: { bgcolor: colour("--raised"), bordercolor: line, font: { color: colour("--text") } },
      dragmode: false, autosize: true,
    });
    for (const axis of ["xaxis", "yaxis"]) {
      copy[axis] = { automargin: true, gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line,
        fixedrange: true, ...copy[axis] };
      if (copy[axis].title) copy[axis].title.font = { size: 12, color: colour("--quiet") };
    }
    for (const shape of copy.shapes || []) shape.line.color = colour("--quiet");
    if (figure.scheme) {
      const middle = dark() ? "#1c222c" : "#f4f4f4";
      copy.coloraxis.colorscale = [[0, "#d0603a"], [0.5, middle], [1, dark() ? "#5b9bea" : "#2a6fc4"]];
      copy.xaxis.showgrid = copy.yaxis.showgrid = false;
    }
    const most = narrow() ? 14 : 28;
    if (figure.scheme) {
      named(copy.yaxis, figure.data[0].y, most);
      named(copy.xaxis, figure.data[0].x, 14);
    }
    return copy;
  }

  function named(axis, names, most) {
    axis.tickmode = "array";
    axis.tickvals = names;
    axis.ticktext = names.map((name) => short(name, most));
  }

  // a figure with a row a column shows the rows that the search leaves
  function current(figure, name) {
    const data = structuredClone(figure.data), layout = themed(figure.layout, figure);
    let height = figure.height;
    const option = figure.choice && figure.choice.options[chosen[name] ?? figure.choice.selected];
    if (option) for (const [path, values] of Object.entries(option[1])) {
      figure.choice.traces.forEach((trace, number) => {
        const keys = path.split("."), last = keys.pop();
        let target = data[trace];
        for (const key of keys) target = target[key] ??= {};
        target[last] = structuredClone(values[Math.min(number, values.length - 1)]);
      });
    }
    if (figure.rows) {
      const kept = figure.rows.map((row, place) => place).filter((place) => matches([figure.rows[place]]));
      const pick = (list) => Array.isArray(list) && list.length === figure.rows.length ? kept.map((i) => list[i]) : list;
      for (const trace of data) {
        for (const key of ["x", "y", "text", "customdata"]) if (trace[key]) trace[key] = pick(trace[key]);
        if (trace.marker && Array.isArray(trace.marker.color)) trace.marker.color = pick(trace.marker.color);
      }
      named(layout.yaxis, kept.map((i) => figure.rows[i]), narrow() ? 14 : 28);
      const each = (figure.height - 100) / figure.rows.length;
      height = 100 + Math.max(1, kept.length) * each;
    }
    for (const trace of data) if (trace.marker && trace.marker.colorbar) {
      trace.marker.colorbar = { ...trace.marker.colorbar, thickness: narrow() ? 8 : 12 };
    }
    return { data, layout, height };
  }

  function draw(element) {
    const name = element.dataset.figure, { data, layout, height } = current(figures[name], name);
    element.style.height = height + "px";
    layout.height = height;
    drawn.add(element);
    return Plotly.react(element, data, layout, config);
  }

  const columnsOf = (element) => JSON.parse(element.dataset.columns);
  const kinds = {};
  for (const card of all(".card")) kinds[columnsOf(card)[0]] = card.dataset.kind;
  const matches = (columns) => columns.some((column) =>
    column.toLowerCase().includes(query) && (!kind || kinds[column] === kind));

  function filter() {
    const searching = query || kind;
    for (const element of all("[data-columns]")) element.hidden = Boolean(searching) && !matches(columnsOf(element));
    for (const element of drawn) if (figures[element.dataset.figure].rows) draw(element);
    const names = Object.keys(kinds), left = names.filter((name) => matches([name])).length;
    const output = document.getElementById("count");
    output.textContent = searching ? `${left} of ${names.length} columns` : `${names.length} columns`;
    for (const section of all("section")) {
      const items = all("[data-columns]", section);
      section.querySelector(".nothing").hidden = !searching || !items.length || items.some((item) => !item.hidden);
    }
    for (const element of all("figure[data-rows]")) element.hidden = left === 0;
  }

  const coming = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { coming.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "600px" });
  all(".plot").forEach((element) => coming.observe(element));
  addEventListener("beforeprint", () => all(".plot").forEach((element) => drawn.has(element) || draw(element)));

  document.getElementById("search").addEventListener("input", (event) => {
    query = event.target.value.trim().toLowerCase(); filter();
  });
  document.getElementById("kind").addEventListener("change", (event) => { kind = event.target.value; filter(); });
  for (const select of all("select[data-for]")) select.addEventListener("change", () => {
    chosen[select.dataset.for] = Number(select.value);
    draw(document.getElementById("plot-" + select.dataset.for));
  });
  for (const select of all("select.order")) select.addEventListener("change", () => {
    const gallery = select.closest("section").querySelector(".gallery");
    const fact = (card) => JSON.parse(card.dataset.facts)[select.value];
    gallery.append(...all(".card", gallery).sort((a, b) => fact(a) - fact(b)));
  });

  const redraw = () => drawn.forEach((element) => draw(element));
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark"; redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let width = innerWidth, waiting;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth; clearTimeout(waiting); waiting = setTimeout(redraw, 150);
  });

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
})();
