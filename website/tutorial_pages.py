"""Pages of the tutorials: an executed notebook as Markdown, with its pictures as files."""

import base64
import html
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
"""Pictures that a page shows, by their type; where an output has several the first of these is taken."""


class Page(NamedTuple):
    """A page: its Markdown, and the content of its pictures by file name."""

    markdown: str
    pictures: dict[str, bytes]


def page_of(notebook: Path) -> Page:
    """The page of a notebook; its pictures are named after it, as in ``holes-1.png``."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in content["cells"]:
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        if text:
            parts.append(f"```python\n{text}\n```")
        for output in cell.get("outputs", []):
            parts.append(shown(output, notebook.stem, pictures, about=first_comment(text)))
    title, _, rest = "\n\n".join(part for part in parts if part).partition("\n")
    about = (
        f"[Download this page as a notebook]({notebook.name}){{ download }}. Everything on it was computed by "
        f"`tutorials/{notebook.stem}.py`."
    )
    return Page(f"{title}\n\n{about}\n{rest}\n", pictures)


def first_comment(code: str) -> str:
    """The comment that a cell begins with, which says what its picture shows; a general word where there is none."""
    return code.partition("\n")[0].removeprefix("#").strip() if code.startswith("#") else "Figure"


def shown(output: dict[str, Any], name: str, pictures: dict[str, bytes], about: str) -> str:
    """An output as Markdown; a picture is added to ``pictures``, and ``about`` is what is read out in its place."""
    if output["output_type"] == "stream":
        return printed("".join(output["text"]))
    data = output.get("data", {})
    for kind, ending in PICTURES.items():
        if kind in data:
            file = f"{name}-{len(pictures) + 1}.{ending}"
            text = "".join(data[kind])
            pictures[file] = base64.b64decode(text) if ending == "png" else text.encode()
            return f"![{about}]({file}){{ .figure }}"
    if "text/html" in data:
        return table("".join(data["text/html"]))
    return printed("".join(data.get("text/plain", "")))


def printed(text: str) -> str:
    """Plain text as it was printed."""
    return f'<pre class="output">{html.escape(text.rstrip(), quote=False)}</pre>' if text.strip() else ""


def table(text: str) -> str:
    """An HTML table in the style of the site: without the classes, borders and styles of the library that made it."""
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<table[^>]*>", "<table>", text)
    text = re.sub(r' (?:style|class|border)="[^"]*"', "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f'<div class="output">{"".join(lines)}</div>'
