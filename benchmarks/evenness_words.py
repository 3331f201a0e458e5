"""What sentences of the pages say of the lines that `evenness.py` keeps."""

from collections import defaultdict
from statistics import mean, median
from typing import Any

import numpy as np

import evenness


def default_in_words(lines: list[dict[str, Any]]) -> str:
    """What the default does to the tables, in a sentence and a half."""
    cells = list(evenness.summary(lines, "default")[evenness.RECIPE].values())
    lower = [cell["error"] < cell["plain"] for cell in cells]
    even = evenness.counted([cell["worst"] <= evenness.ALMOST for cell in cells])
    likely = [cell["nats"] for cell in cells if cell["nats"] >= 0]
    return (
        f"falls on {'all' if all(lower) else evenness.counted(lower)} tables, by "
        f"{100 * (1 - median(cell['error'] / cell['plain'] for cell in cells)):.0f} % in the median. No column's error "
        f"rises by more than {100 * (evenness.ALMOST - 1):.0f} % on {even}; rows "
        f"are no less likely on {len(likely)}, and at most {-min(cell['nats'] for cell in cells):.2f} nats less likely "
        "on the others"
    )


def between(lines: list[dict[str, Any]], kind: str, one: str, other: str) -> dict[str, dict[str, float]]:
    """By table, medians over the seeds of both candidates: nats and error of ``one`` over those of ``other``."""
    runs = {evenness.key_of(line): line for line in lines if line["network"] == kind}
    grouped = defaultdict(list)
    for (name, _, candidate, seed), run in runs.items():
        if candidate == one and (name, kind, other, seed) in runs:
            grouped[name].append((run, runs[name, kind, other, seed]))
    return {
        name: {
            "nats": median(own["log_likelihood"] - its["log_likelihood"] for own, its in pairs),
            "error": median(own["error"] for own, _ in pairs),
            "other": median(its["error"] for _, its in pairs),
        }
        for name, pairs in grouped.items()
    }


def families_alone(lines: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What the choice of families does to plain training."""
    return between(lines, "default", f"{evenness.PLAIN}, {evenness.EVIDENCE}", evenness.PLAIN)


def families_balanced(lines: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What it does to a balanced fit with a light KL and a fitted density."""
    balanced = f"{evenness.NORM}, KL 0.2, {evenness.FITTED}"
    return between(lines, "default", f"{balanced}, {evenness.EVIDENCE}", balanced)


def families_in_words(lines: list[dict[str, Any]]) -> str:
    """What the choice of families does to the error of a balanced fit."""
    found = families_balanced(lines)
    ratio = {name: one["error"] / one["other"] for name, one in found.items()}
    least, most = min(ratio, key=lambda name: ratio[name]), max(ratio, key=lambda name: ratio[name])
    return (
        f"its error {np.exp(mean(np.log(list(ratio.values())))):.2f} times as large (geometric mean; from "
        f"{ratio[least]:.2f} on {least} to {ratio[most]:.1f} on {most}, where it is {found[most]['error']:.3f} instead "
        f"of {found[most]['other']:.3f})"
    )


def victims(lines: list[dict[str, Any]]) -> str:
    """The columns whose error rises with the default."""
    losing = {
        name: cell
        for name, cell in evenness.summary(lines, "default")[evenness.RECIPE].items()
        if cell["worst"] > evenness.ALMOST
    }
    said = [f"`{cell['worst_column']}` of {name} ({cell['worst']:.2f})" for name, cell in losing.items()]
    return f"{', '.join(said[:-1])} and {said[-1]}".replace(")", " times plain's error)", 1)


def below_papers_best(lines: list[dict[str, Any]]) -> list[bool]:
    """By table whether the default's error with the network of the paper is at most that of the paper's best."""
    found = evenness.summary(lines, "paper")
    tried = [candidate for candidate in evenness.PAPER if candidate in found and candidate != evenness.PLAIN]
    best = {name: min(found[c][name]["error"] for c in tried if name in found[c]) for name in found[evenness.RECIPE]}
    return [cell["error"] <= best[name] for name, cell in found[evenness.RECIPE].items()]
