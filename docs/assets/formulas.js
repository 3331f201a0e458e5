// Formulas: KaTeX is loaded from this site, and only on pages that have formulas.
(function () {
  const home = new URL("katex/", document.currentScript.src);
  const show = () => {
    for (const element of document.querySelectorAll(".arithmatex")) {
      const text = element.textContent.trim();
      const display = text.startsWith("\\[");
      // what Markdown left around the formula: \( \) or \[ \]
      katex.render(text.slice(2, -2), element, { displayMode: display, throwOnError: false });
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
