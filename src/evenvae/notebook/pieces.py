"""Tables, facts and bars as HTML that carries its own style and suits light and dark notebooks.

Text has the notebook's own colour, and lines and backgrounds are grey that lets the page through, so nothing needs to
know which theme a notebook has. There are no scripts, and nothing is loaded.
"""

import dataclasses
import html
import math
from collections.abc import Sequence

ROWS = 100
"""Rows of a table that are shown."""
BLUE, ORANGE, GREY = "#3f86d8", "#e08a3c", "#8a93a3"
LINE = "rgba(128,128,128,.35)"
STYLE = f"""
.evenvae{{font:13px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--jp-content-font-color1,inherit);
max-width:76em;border:1px solid {LINE};border-radius:6px;padding:.7em 1em;margin:.3em 0}}
.evenvae .title{{font-weight:600;font-size:15px}}
.evenvae .sub{{opacity:.75}}
.evenvae .facts{{display:flex;flex-wrap:wrap;gap:.4em 2em;margin:.6em 0}}
.evenvae .facts div{{min-width:6em}}
.evenvae .facts b{{display:block;font-size:15px;font-weight:600}}
.evenvae .facts span{{opacity:.75}}
.evenvae .wide{{overflow-x:auto}}
.evenvae table{{border-collapse:collapse;margin:.5em 0;color:inherit;background:none;border:0;font-size:13px}}
.evenvae th,.evenvae td{{text-align:left;padding:.15em .9em .15em 0;border:0;border-bottom:1px solid {LINE};
background:none;color:inherit;vertical-align:top;white-space:nowrap;max-width:none}}
.evenvae th{{font-weight:600;opacity:.75;white-space:normal;vertical-align:bottom}}
.evenvae td.text{{white-space:normal;min-width:20em;max-width:32em;overflow-wrap:anywhere}}
@media(max-width:40em){{.evenvae td.text{{white-space:nowrap;max-width:none}}}}
.evenvae td.number,.evenvae th.number{{text-align:right;font-variant-numeric:tabular-nums}}
.evenvae tr.strong td{{font-weight:600}}
.evenvae .bar{{display:inline-block;vertical-align:middle;width:90px;height:9px;background:rgba(128,128,128,.18);
border-radius:2px;margin-right:.6em;overflow:hidden}}
.evenvae .bar i{{display:block;height:100%}}
.evenvae .note{{opacity:.75;margin:.4em 0 0}}
.evenvae details summary{{cursor:pointer;opacity:.75}}
.evenvae svg text{{fill:currentColor;font:12px system-ui,sans-serif}}
.evenvae svg text.small{{font-size:11px;opacity:.75}}
"""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A text that is wrapped where it is long, as sentences are."""

    text: str


@dataclasses.dataclass(frozen=True)
class Bar:
    """A number with a bar of its ``share`` of the full width; over 1 it is full, and in another colour."""

    value: float | None
    share: float | None
    digits: int = 3


def card(title: str, *parts: str, sub: str = "") -> str:
    """A box with a heading; ``parts`` are HTML, ``title`` and ``sub`` are texts."""
    below = f'<div class="sub">{html.escape(sub)}</div>' if sub else ""
    head = f'<div class="title">{html.escape(title)}</div>{below}'
    return f'<div class="evenvae"><style>{STYLE}</style>{head}{"".join(parts)}</div>'


def facts(found: Sequence[tuple[str, str]]) -> str:
    """Figures side by side, each with what it is."""
    each = (f"<div><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>" for name, value in found)
    return f'<div class="facts">{"".join(each)}</div>'


def note(text: str) -> str:
    """A sentence in grey."""
    return f'<p class="note">{html.escape(text)}</p>'


def folded(heading: str, *parts: str) -> str:
    """What is hidden until its heading is clicked; ``parts`` are HTML."""
    return f"<details><summary>{html.escape(heading)}</summary>{''.join(parts)}</details>"


def table(
    header: Sequence[str], rows: Sequence[Sequence[str | float | Cell | Bar | None]], strong: int | None = None
) -> str:
    """A table. Numbers align right; None is an empty cell.

    Args:
        header: names of the columns.
        rows: texts, numbers, sentences (`Cell`) and bars.
        strong: place of a row that is printed in bold.
    """
    numeric = [
        any(isinstance(row[place], int | float) for row in rows[:ROWS])
        and all(row[place] is None or isinstance(row[place], int | float) for row in rows[:ROWS])
        for place in range(len(header))
    ]
    kind = lambda place: ' class="number"' if numeric[place] else ""
    heads = "".join(f"<th{kind(place)}>{html.escape(name)}</th>" for place, name in enumerate(header))
    lines = []
    for place, row in enumerate(rows[:ROWS]):
        of_row = ' class="strong"' if place == strong else ""
        lines.append(f"<tr{of_row}>{''.join(map(_cell, row))}</tr>")
    rest = len(rows) - ROWS
    more = note(f"and {rest} more") if rest > 0 else ""
    body = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="wide"><table>{body}</table>{more}</div>'


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many decimals; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"


def _cell(value: str | float | Cell | Bar | None) -> str:
    if isinstance(value, Bar):
        return f"<td>{_bar(value)}</td>"
    if isinstance(value, Cell):
        return f'<td class="text">{html.escape(value.text)}</td>'
    if value is None:
        return "<td></td>"
    if isinstance(value, str):
        return f"<td>{html.escape(value)}</td>"
    return f'<td class="number">{number(value)}</td>'


def _bar(bar: Bar) -> str:
    known = bar.share is not None and math.isfinite(bar.share)
    share = min(max(bar.share or 0.0, 0.0), 1.0) if known else 0.0
    colour = ORANGE if known and (bar.share or 0.0) > 1 else BLUE
    drawn = f'<span class="bar"><i style="width:{100 * share:.0f}%;background:{colour}"></i></span>'
    return f"{drawn if known else ''}{number(bar.value, bar.digits)}"
