"""A diagram of a model: boxes from left to right with arrows between them, as SVG."""

import dataclasses
import html
from collections.abc import Sequence

from evenvae.notebook.pieces import BLUE, LINE, ORANGE

WIDTH, HEIGHT, GAP, PAD = 132, 62, 34, 6
NARROW = 92


@dataclasses.dataclass(frozen=True)
class Box:
    """A part of a model: its name and two lines about it. The latent is drawn narrow and round."""

    name: str
    line: str = ""
    below: str = ""
    latent: bool = False


def diagram(boxes: Sequence[Box], title: str) -> str:
    """The boxes in a row; ``title`` says what is drawn to those who do not see it."""
    x, parts = PAD, []
    middle = PAD + HEIGHT / 2
    for place, box in enumerate(boxes):
        width = NARROW if box.latent else WIDTH
        colour, corner = (ORANGE, HEIGHT / 2) if box.latent else (BLUE, 5)
        parts.append(
            f'<rect x="{x}" y="{PAD}" width="{width}" height="{HEIGHT}" rx="{corner:g}" fill="{colour}" '
            f'fill-opacity=".12" stroke="{colour}" stroke-opacity=".7"/>'
        )
        centre = x + width / 2
        texts = [(box.name, ""), (box.line, "small"), (box.below, "small")]
        texts = [(text, kind) for text, kind in texts if text]
        for line, (text, kind) in enumerate(texts):
            y = middle + 4 + 15 * (line - (len(texts) - 1) / 2)
            parts.append(
                f'<text x="{centre:g}" y="{y:g}" text-anchor="middle" class="{kind}">{html.escape(text)}</text>'
            )
        x += width
        if place < len(boxes) - 1:
            end = x + GAP - 4
            parts.append(
                f'<path d="M{x + 4} {middle:g}H{end} m-6 -4l6 4l-6 4" fill="none" stroke="{LINE}" stroke-width="1.6"/>'
            )
            x += GAP
    width, height = x + PAD, HEIGHT + 2 * PAD
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    drawn = f'<svg {size} role="img" aria-label="{html.escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    return f'<div class="wide">{drawn}{"".join(parts)}</svg></div>'
