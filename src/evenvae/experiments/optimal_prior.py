"""The tables of Takahashi et al. (KDD 2022): a source with many rows, a target with 100 rows, five priors.

Pixels are columns of a table: Bernoulli for digits, binarised by one draw with the grey value as probability, and
normal for faces. The networks, training lengths and classifiers of the original are not published. Results are
comparable with each other, and with the published ones only in their order.
"""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.svm import SVC

from evenvae import datasets
from evenvae.datasets import Images
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.experiments import settings
from evenvae.experiments.latent_plot import draw
from evenvae.experiments.optimal_prior_text import markdown
from evenvae.fitted.task_dependence import normaliser
from evenvae.io import atomic
from evenvae.search.options import described, flat

RUNS, TEXT, PLOT = "runs.jsonl", "optimal-prior.md", "latent-{pair}-{model}.png"
QUICK: dict[str, Any] = {"seeds": 1, "share": 0.005, "rows": 200}
"""Arguments of `reproduce` for a short run that shows how it works; its results mean nothing."""
TASK = "task"


def published() -> dict[str, Any]:
    """The settings, the pairs of data sets and the published numbers."""
    return settings.read("optimal_prior")


def reproduce(
    out: str | Path,
    *,
    pairs: Iterable[str] | None = None,
    models: Iterable[str] | None = None,
    seeds: int = 5,
    share: float = 1.0,
    rows: int | None = None,
    resume: bool = False,
    say: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> str:
    """Make runs, one after the other, and after each of them write ``optimal-prior.md`` of all runs in ``out``.

    Args:
        out: folder; ``runs.jsonl`` holds one line for every run.
        pairs: of data sets, by their names in `published`; None is all.
        models: of VAE, CVAE, optimal, vamp, exemplar, and of CVAE-hide, optimal-hide, vamp-hide, which are trained with
            hidden pixels; None is all.
        seeds: runs of every model on every pair.
        share: share of the epochs.
        rows: at most so many rows of every part; None is all.
        resume: True continues in a folder that holds runs.
        say: called with a line before and after every run.
        options: of `EvenVAE`, in place of those in the settings.

    Returns:
        The tables as Markdown.

    Raises:
        InputError: a name is unknown, data are missing, or the folder holds runs and ``resume`` is False.
    """
    known = published()
    wanted = settings.selected("datasets", pairs, known["pairs"])
    kinds = settings.selected("models", models, known["models"])
    settings.check_share(share)
    folder = Path(out)
    atomic.check_folder(folder)
    place = folder / RUNS
    if place.exists() and not resume:
        raise InputError(f"{folder} holds runs already. Continue with --resume, or give another folder.")
    loaded = {name: datasets.load_images(name) for pair in wanted for name in _names(known["pairs"][pair])}
    folder.mkdir(exist_ok=True)
    done = {(run["pair"], run["model"], run["seed"]) for run in read(folder)}
    for seed in range(seeds):
        for pair in wanted:
            for kind in kinds:
                if (pair, kind, seed) in done:
                    continue
                say(f"{pair}, {kind}, seed {seed}")
                run = one(pair, kind, seed, loaded, share, rows, options, folder)
                with place.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run) + "\n")
                say(f"    {run['log_likelihood']:.2f} nats, accuracy {run['accuracy']}, {run['seconds']:.0f} s")
                atomic.write_text(folder / TEXT, markdown(read(folder), known))
    return markdown(read(folder), known)


def read(folder: Path) -> list[dict[str, Any]]:
    """All runs in a folder."""
    path = folder / RUNS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _names(pair: dict[str, Any]) -> list[str]:
    return [*pair["source"], *([pair["target"]] if "target" in pair else [])]


def as_table(parts: dict[str, Images], kind: str, generator: np.random.Generator) -> pd.DataFrame:
    """Images as rows, with one column for every pixel and one for the task; digits are binarised."""
    pixels = np.concatenate([images.pixels.reshape(len(images.pixels), -1) for images in parts.values()])
    if kind == "bernoulli":
        pixels = (generator.random(pixels.shape) < pixels).astype(np.int8)
    frame = pd.DataFrame(pixels, columns=[f"p{i}" for i in range(pixels.shape[1])])
    tasks = np.repeat(list(parts), [len(images.pixels) for images in parts.values()])
    return frame.assign(**{TASK: pd.Categorical(tasks, list(parts))})


def one(
    pair: str,
    kind: str,
    seed: int,
    loaded: dict[str, datasets.ImageSet],
    share: float,
    rows: int | None,
    options: dict[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """One run: a fit, and what is measured of it.

    Measured are the log-likelihood of the target's test rows and the accuracy of two support vector machines on latent
    means. For one machine all labelled rows have the same weight. For the other (``accuracy_even``) all tasks have the
    same weight, so that the 100 labels of the target count as much as the thousands of the source.

    Args:
        pair: of data sets.
        kind: the model.
        seed: of the run.
        loaded: the data sets by name.
        share: share of the epochs.
        rows: at most so many rows of every part.
        options: of `EvenVAE`, in place of those in the settings.
        folder: for the plot of the latent space.
    """
    known = published()
    description = known["pairs"][pair]
    generator = np.random.default_rng([seed, 7])
    few = known["settings"]["target_rows"]
    learn, test = {}, {}
    for name in _names(description):
        chosen = generator.permutation(len(loaded[name].train.labels))
        chosen = chosen[: few if name == description.get("target") else rows]
        learn[name] = Images(*(part[chosen] for part in loaded[name].train))
        if name == description.get("target", name):
            test[name] = Images(*(part[:rows] for part in loaded[name].test))
    pixels = loaded[_names(description)[0]].kind
    table, judged = as_table(learn, pixels, generator), as_table(test, pixels, generator)
    hidden = [] if known["models"][kind]["task"] else [TASK]
    own = {name: value for name, value in known["models"][kind].items() if name != "task"}
    standard = settings.flattened(known["settings"]["options"]) | settings.flattened(own)
    chosen_options = settings.over(standard, options)
    chosen_options["epochs"] = chosen_options["epochs"] * share
    schema = {name: _pixel(pixels) for name in table.columns if name != TASK}
    model = EvenVAE(task=None if hidden else TASK, schema=schema, balance="none", random_state=seed)
    model.set_params(**chosen_options)
    began = time.perf_counter()
    model.fit(table.drop(columns=hidden))
    seconds = time.perf_counter() - began
    scores = model.score_samples(judged.drop(columns=hidden), return_details=True)
    found: dict[str, Any] = {
        "pair": pair,
        "model": kind,
        "seed": seed,
        "log_likelihood": float(scores["total"].mean()),
        "effective_samples": float(scores["effective_samples"].mean()),
        "accuracy": None,
        "accuracy_even": None,
        "rows": {name: len(images.labels) for name, images in learn.items()},
        "test_rows": len(judged),
        "options": flat(described(chosen_options)),
        "share": share,
        "steps": model.n_steps_,
        "seconds": round(seconds, 1),
        "machine": settings.machine(),
        **normaliser(model.fitted_),
    }
    latent = model.transform(table.drop(columns=hidden))
    labels = np.concatenate([images.labels for images in learn.values()])
    if "target" in description:
        truth = np.concatenate([images.labels for images in test.values()])
        asked = model.transform(judged.drop(columns=hidden))
        right = lambda weight: float(np.mean(SVC().fit(latent, labels, weight).predict(asked) == truth))
        counts = table[TASK].map(table[TASK].value_counts()).to_numpy(float)
        found |= {"accuracy": right(None), "accuracy_even": right(counts.max() / counts)}
    if seed == 0:
        draw(latent, table[TASK].to_numpy(), labels, folder / PLOT.format(pair=pair, model=kind))
    return found


def _pixel(kind: str) -> dict[str, Any]:
    return {"likelihood": kind, "levels": (0, 1)} if kind == "bernoulli" else {"likelihood": kind}
