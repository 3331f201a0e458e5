"""A figure as data for the page, without what the script can say by itself."""

import dataclasses
from typing import Any

from evenvae.report.parts import FRAME, Choice, Figure

FEWEST = 20
"""Shorter lists of texts are written as they are."""


def packed(figure: Figure) -> dict[str, Any]:
    """What the script of the page draws, as data for JSON.

    Texts that occur often in a list are written once. Left out are texts that only repeat the numbers behind the
    colours, and the lines of a trace that shows the lines of all options together. The script undoes this.

    Args:
        figure: of a section.
    """
    together = _together(figure.choice)
    found: dict[str, Any] = {"data": [_trace(trace, together) for trace in figure.data], "layout": figure.layout}
    if figure.rows:
        found |= {"rows": figure.rows, "each": (figure.height - FRAME) / len(figure.rows)}
    else:
        found["height"] = figure.height
    if figure.choice:
        options = [(name, _patch(patch)) for name, patch in figure.choice.options]
        found["choice"] = dataclasses.asdict(figure.choice) | {"options": options}
    return found


def _together(choice: Choice | None) -> list[float | None]:
    """The first line of every option, with gaps between them."""
    if choice is None or not all("y" in patch for _, patch in choice.options):
        return []
    return [value for _, patch in choice.options for value in (*patch["y"][0], None)]


def _trace(trace: dict[str, Any], together: list[float | None]) -> dict[str, Any]:
    if together and trace["y"] == together:
        return {key: value for key, value in trace.items() if key not in ("x", "y")} | {"together": True}
    if "text" not in trace:
        return trace
    return trace | {"text": _texts(trace["text"], trace.get("marker", {}).get("color"))}


def _patch(patch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    if "text" not in patch:
        return patch
    colours = patch.get("marker.color", [None])
    return patch | {"text": [_texts(texts, colours[0]) for texts in patch["text"]]}


def _texts(texts: list[str], colours: Any) -> list[str] | dict[str, list[Any]] | None:
    """The texts; or each text once with the places of all; or None where they are those of the numbers ``colours``."""
    if isinstance(colours, list) and all(map(_is_number, texts, colours)):
        return None
    kept = list(dict.fromkeys(texts))
    if len(texts) < FEWEST or len(kept) > len(texts) / 2:
        return texts
    place = {text: number for number, text in enumerate(kept)}
    return {"texts": kept, "places": [place[text] for text in texts]}


def _is_number(text: str, colour: Any) -> bool:
    return text == ("missing" if colour is None else f"{colour:.5g}")
