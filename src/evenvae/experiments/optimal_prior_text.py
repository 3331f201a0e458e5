"""The two tables of Takahashi et al. (2022) as Markdown, our numbers beside the published ones."""

from statistics import fmean, pstdev
from typing import Any

MEASURES = {
    "log_likelihood": ("Density estimation", "Log-likelihood of the target's test rows, nats.", 2),
    "accuracy": ("Downstream classification", "Accuracy of a support vector machine on the target's test rows.", 3),
    "accuracy_even": (
        "Downstream classification, all tasks with the same weight",
        "The same where the target's 100 labels weigh as much as all labels of the source; the talk does not say how "
        "its classifier weighs them.",
        3,
    ),
}


def markdown(runs: list[dict[str, Any]], published: dict[str, Any]) -> str:
    """The whole page, for any part of the runs.

    Args:
        runs: as `optimal_prior.reproduce` keeps them.
        published: the settings and the published numbers.
    """
    lines = ["# Optimal priors\n"]
    if not runs:
        return "\n".join([*lines, "No run has been made yet.\n"])
    lines.append(
        "Mean and standard deviation over the seeds; in brackets the numbers that Takahashi et al. (2022) report. "
        "Their networks, binarisation and classifier are not published: compare orders and gains, not numbers.\n"
    )
    for figure, (title, what, digits) in MEASURES.items():
        lines += [f"## {title}\n", f"{what}\n", _table(runs, published, figure, digits)]
    leaning = [run for run in runs if "log_normaliser" in run]
    if leaning:
        worst = min(run["normaliser_effective_samples"] for run in leaning)
        lines += [
            "## What the likelihoods under the optimal prior depend on\n",
            f"log Z between {min(r['log_normaliser'] for r in leaning):.2f} and "
            f"{max(r['log_normaliser'] for r in leaning):.2f}, subtracted; effective draws behind it at least "
            f"{worst:.0f} of 8192. A likelihood is not reliable where they are few.\n",
        ]
    each = lambda get: ", ".join(sorted({str(get(run)) for run in runs}))
    lines += [
        "## How it was made\n",
        f"Share of the epochs: {each(lambda run: run['share'])}. Seeds: {each(lambda run: run['seed'])}. Steps: "
        f"{min(r['steps'] for r in runs)} to {max(r['steps'] for r in runs)}. Machine: "
        f"{each(lambda run: run['machine'])}. Training took {sum(r['seconds'] for r in runs) / 3600:.2f} hours.\n",
        f"Options: {each(lambda run: run['options'])}.\n",
    ]
    return "\n".join(lines)


def _table(runs: list[dict[str, Any]], published: dict[str, Any], figure: str, digits: int) -> str:
    models = list(published["models"])
    lines = ["| | " + " | ".join(models) + " |", "| --- |" + " --- |" * len(models)]
    for pair, said in published["pairs"].items():
        cells = []
        for model in models:
            values = [r[figure] for r in runs if (r["pair"], r["model"]) == (pair, model) and r.get(figure) is not None]
            own = f"{fmean(values):.{digits}f} ± {pstdev(values):.{digits}f}" if values else "-"
            theirs = said.get(figure.removesuffix("_even"), {}).get(model)
            cells.append(own + (f" ({theirs[0]})" if theirs else ""))
        lines.append(f"| {said['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
