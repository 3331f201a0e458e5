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
    "task_probe_accuracy": (
        "How far the task is told from the latent",
        "Accuracy of a logistic regression that tells the task of test rows, as many of every part as there are up to "
        "1000, from draws of z, for models that know the task. Chance is a half for digits.",
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
    by_preset: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_preset.setdefault(run.get("preset") or "", []).append(run)
    for name, own in sorted(by_preset.items()):
        lines += _of_preset(own, published, name) if name else _of_settings(own, published)
    return "\n".join(lines)


def _of_preset(runs: list[dict[str, Any]], published: dict[str, Any], name: str) -> list[str]:
    """A section about the runs by another protocol, one row for each."""
    lines = [
        f"## {published['presets'][name]['title']}\n",
        "log Z is estimated and subtracted, or left out as there. Accuracy of a support vector machine on the target's "
        "test rows, with the same weight for all rows / for all tasks; accuracy of a logistic regression that tells "
        "the task of test rows from draws of z.\n",
        "| pair, model, seed | nats | without log Z | accuracy | task from z | epochs made, best |",
        "| --- |" + " --- |" * 5,
    ]
    for run in runs:
        without = run.get("log_likelihood_without_log_z", run["log_likelihood"])
        accuracy = "-" if run["accuracy"] is None else f"{run['accuracy']:.3f} / {run['accuracy_even']:.3f}"
        told = f"{run['task_probe_accuracy']:.3f}" if "task_probe_accuracy" in run else "-"
        epochs = f"{run['epochs']['made']:g}, {run['epochs']['best']:g}"
        epochs += " (stopped)" if run["interrupted"] else ""
        nats = (f"{value:.2f}" for value in (run["log_likelihood"], without))
        cells = [f"{run['pair']}, {run['model']}, {run['seed']}", *nats, accuracy, told, epochs]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, "", _how(runs)]


def _of_settings(runs: list[dict[str, Any]], published: dict[str, Any]) -> list[str]:
    """The sections about the runs by our own settings."""
    lines = []
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
    return [*lines, "## How it was made\n", _how(runs)]


def _how(runs: list[dict[str, Any]]) -> str:
    each = lambda get: ", ".join(sorted({str(get(run)) for run in runs}))
    return (
        f"Share of the epochs: {each(lambda run: run['share'])}. Seeds: {each(lambda run: run['seed'])}. Steps: "
        f"{min(r['steps'] for r in runs)} to {max(r['steps'] for r in runs)}. Machine: "
        f"{each(lambda run: run['machine'])}. Training took {sum(r['seconds'] for r in runs) / 3600:.2f} hours.\n\n"
        f"Options: {each(lambda run: run['options'])}.\n"
    )


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
