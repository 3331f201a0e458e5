// Formulas: KaTeX is loaded from this site, and only on pages that have formulas.
(function () {
  const home = new URL("katex/", document.currentScript.src);
  const show = () => {
    for (const element of document.querySelectorAll(".arithmatex")) {
      const text = element.textContent.trim();
      const display = text.startsWith("\\[");
      // what Markdown left around the formula: \( \) or \[ \]
      const formula = text.slice(2, -2);
      element.textContent = "";
      // several formulas on one line stand below each other where the page is narrow
      for (const part of display ? formula.split("\\qquad") : [formula]) {
        const place = element.appendChild(document.createElement("span"));
        katex.render(part, place, { displayMode: display, throwOnError: false });
      }
    }
  };
  const start = () => {
    if (!document.querySelector(".arithmatex")) return;
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("katex.min.css", home);
    const script = document.createElement("script");
    script.src = new URL("katex.min.js", home);
    script.onload = show;
    document.head.append(style, script);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
