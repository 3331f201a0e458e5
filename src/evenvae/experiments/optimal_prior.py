"""The tables of Takahashi et al. (KDD 2022): a source with many rows, a target with 100 rows, five priors.

Pixels are columns of a table: Bernoulli for digits, binarised by one draw with the grey value as probability, and
normal for faces. The networks, training lengths and classifiers of the original are not published. Results are
comparable with each other, and with the published ones only in their order. A preset trains by the protocol of the same
first author's earlier work instead, where an image is one column whose pixels are binarised anew in every step.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from sklearn.svm import SVC

from evenvae import datasets, tables
from evenvae.datasets import Images
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.experiments import settings
from evenvae.experiments.latent_plot import draw
from evenvae.experiments.optimal_prior_text import markdown
from evenvae.fitted.task_dependence import normaliser, task_dependence
from evenvae.io import atomic
from evenvae.search.options import described, flat

RUNS, TEXT, PLOT = "runs.jsonl", "optimal-prior.md", "latent-{pair}-{model}.png"
QUICK: dict[str, Any] = {"seeds": 1, "share": 0.005, "rows": 200}
"""Arguments of `reproduce` for a short run that shows how it works; its results mean nothing."""
PROBED = 1000
"""Test rows of every part from which a task is told by its latents."""
TASK, IMAGE = "task", "image"


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
    test_rows: int | None = None,
    preset: str | None = None,
    resume: bool = False,
    say: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> str:
    """Make runs, one after the other, and after each of them write ``optimal-prior.md`` of all runs in ``out``.

    Args:
        out: folder; ``runs.jsonl`` holds one line for every run.
        pairs: of data sets, by their names in `published`; None is all.
        models: of VAE, CVAE, optimal, vamp, exemplar; of CVAE-hide, optimal-hide, vamp-hide, which are trained with
            hidden pixels; and of CVAE-cycle, vamp-cycle, with latent cycle consistency. None is all.
        seeds: runs of every model on every pair.
        share: share of the epochs.
        rows: at most so many rows of every part; None is all.
        test_rows: at most so many rows of every test part; None is ``rows``.
        preset: the name of another protocol, with models of its own; None is that of the settings.
        resume: True continues in a folder that holds runs.
        say: called with a line before and after every run.
        options: of `EvenVAE`, in place of those in the settings.

    Returns:
        The tables as Markdown.

    Raises:
        InputError: a name is unknown, data are missing, or the folder holds runs and ``resume`` is False.
    """
    known = under(published(), preset)
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
    done = {_key(run) for run in read(folder) if not run.get("interrupted")}
    for seed in range(seeds):
        for pair in wanted:
            for kind in kinds:
                if (pair, kind, seed, preset) in done:
                    continue
                say(f"{pair}, {kind}, seed {seed}")
                run = one(pair, kind, seed, loaded, share, rows, options, folder, preset, test_rows)
                with place.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run) + "\n")
                say(f"    {run['log_likelihood']:.2f} nats, accuracy {run['accuracy']}, {run['seconds']:.0f} s")
                atomic.write_text(folder / TEXT, markdown(read(folder), published()))
    return markdown(read(folder), published())


def under(known: dict[str, Any], preset: str | None) -> dict[str, Any]:
    """The settings with the options and models of a preset in place of the others; as they are without one.

    Raises:
        InputError: there is no such preset.
    """
    if preset is None:
        return known
    settings.selected("preset", [preset], known["presets"])
    own = known["presets"][preset]
    return known | {"models": own["models"], "settings": known["settings"] | {"options": own["options"]}}


def read(folder: Path) -> list[dict[str, Any]]:
    """All runs in a folder; of a run that was interrupted and continued, the last line."""
    path = folder / RUNS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    runs = [json.loads(line) for line in lines]
    return list({_key(run): run for run in runs}.values())


def _key(run: dict[str, Any]) -> tuple[Any, ...]:
    return run["pair"], run["model"], run["seed"], run.get("preset")


def _names(pair: dict[str, Any]) -> list[str]:
    return [*pair["source"], *([pair["target"]] if "target" in pair else [])]


def as_table(parts: dict[str, Images], kind: str, generator: np.random.Generator) -> pd.DataFrame:
    """Images as rows, with one column for every pixel and one for the task; digits are binarised."""
    pixels = np.concatenate([images.pixels.reshape(len(images.pixels), -1) for images in parts.values()])
    if kind == "bernoulli":
        pixels = _binarised(pixels, generator).astype(np.int8)
    return _with_tasks(pd.DataFrame(pixels, columns=[f"p{i}" for i in range(pixels.shape[1])]), parts)


def as_image_column(parts: dict[str, Images], generator: np.random.Generator | None = None) -> pd.DataFrame:
    """Images as rows, with one column for the image and one for the task; binarised where there is a ``generator``."""
    pixels = np.concatenate([images.pixels for images in parts.values()])
    pixels = (pixels if generator is None else _binarised(pixels, generator)).astype(np.float32)
    return _with_tasks(pd.DataFrame({IMAGE: list(pixels)}), parts)


def _binarised(pixels: Float[np.ndarray, "*shape"], generator: np.random.Generator) -> Bool[np.ndarray, "*shape"]:
    return generator.random(pixels.shape) < pixels


def _with_tasks(frame: pd.DataFrame, parts: dict[str, Images]) -> pd.DataFrame:
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
    preset: str | None = None,
    test_rows: int | None = None,
) -> dict[str, Any]:
    """One run: a fit, and what is measured of it.

    Measured are the log-likelihood of the target's test rows and the accuracy of two support vector machines on latent
    means. For one machine all labelled rows have the same weight. For the other (``accuracy_even``) all tasks have the
    same weight, so that the 100 labels of the target count as much as the thousands of the source. A model that knows
    the task is also asked how far the task of test rows is told from z, by `task_dependence`.

    Args:
        pair: of data sets.
        kind: the model.
        seed: of the run.
        loaded: the data sets by name.
        share: share of the epochs.
        rows: at most so many rows of every part.
        options: of `EvenVAE`, in place of those in the settings.
        folder: for the plot of the latent space.
        preset, test_rows: as for `reproduce`.
    """
    known = under(published(), preset)
    description = known["pairs"][pair]
    generator = np.random.default_rng([seed, 7])
    few = known["settings"]["target_rows"]
    learn, test, both = {}, {}, {}
    for name in _names(description):
        chosen = generator.permutation(len(loaded[name].train.labels))
        chosen = chosen[: few if name == description.get("target") else rows]
        learn[name] = Images(*(part[chosen] for part in loaded[name].train))
        if name == description.get("target", name):
            test[name] = Images(*(part[: test_rows or rows] for part in loaded[name].test))
        both[name] = Images(*(part[:PROBED] for part in loaded[name].test))
    pixels = loaded[_names(description)[0]].kind
    standard = settings.flattened(known["settings"]["options"])
    anew = pixels == "bernoulli" and standard.get("training__binarise", False)
    if anew:
        # the model draws the pixels itself while it learns; a support vector machine sees one draw
        learned, table, judged = as_image_column(learn), *(as_image_column(part, generator) for part in (learn, test))
    else:
        standard.pop("training__binarise", None)
        table, judged = as_table(learn, pixels, generator), as_table(test, pixels, generator)
        learned = table
    hidden = [] if known["models"][kind]["task"] else [TASK]
    own = {name: value for name, value in known["models"][kind].items() if name != "task"}
    chosen_options = settings.over(standard | settings.flattened(own), options)
    for name in ("epochs", "objective__warm_up_epochs"):
        if name in chosen_options:
            chosen_options[name] = chosen_options[name] * share
    schema = {IMAGE: pixels} if anew else {name: _pixel(pixels) for name in table.columns if name != TASK}
    model = EvenVAE(task=None if hidden else TASK, schema=schema, balance="none", random_state=seed)
    model.set_params(**chosen_options)
    began = time.perf_counter()
    # a long run goes on where it was stopped
    state = folder / f"{pair}-{kind}-{preset}-{seed}"
    kept: dict[str, Any] = {"checkpoint": state, "resume": True} if preset else {}
    model.fit(learned.drop(columns=hidden), **kept)
    seconds = time.perf_counter() - began
    scores = model.score_samples(judged.drop(columns=hidden), return_details=True)
    of_normaliser = normaliser(model.fitted_)
    log_z = of_normaliser.get("log_normaliser", 0.0)
    subtracted = log_z if chosen_options.get("prior__normalise", True) else 0.0
    found: dict[str, Any] = {
        "pair": pair,
        "model": kind,
        "seed": seed,
        "log_likelihood": float(scores["total"].mean()) + subtracted - log_z,
        **({"log_likelihood_without_log_z": float(scores["total"].mean()) + subtracted} if of_normaliser else {}),
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
        **of_normaliser,
        **({"preset": preset, "epochs": _epochs(model), "interrupted": model.interrupted_} if preset else {}),
    }
    latent = model.transform(table.drop(columns=hidden))
    labels = np.concatenate([images.labels for images in learn.values()])
    if "target" in description:
        truth = np.concatenate([images.labels for images in test.values()])
        asked = model.transform(judged.drop(columns=hidden))
        right = lambda weight: float(np.mean(SVC().fit(latent, labels, weight).predict(asked) == truth))
        counts = table[TASK].map(table[TASK].value_counts()).to_numpy(float)
        found |= {"accuracy": right(None), "accuracy_even": right(counts.max() / counts)}
    if not hidden:
        probed = as_image_column(both, generator) if anew else as_table(both, pixels, generator)
        batch = model.fitted_.batch(tables.encode(probed, model.fitted_.schema))
        figures = task_dependence(model.fitted_, batch, 0)
        found |= {name: value for name, value in figures.items() if name.startswith("task_")}
    if preset and not model.interrupted_:
        shutil.rmtree(state)
    if seed == 0:
        name = f"{kind}-{preset}" if preset else kind
        draw(latent, table[TASK].to_numpy(), labels, folder / PLOT.format(pair=pair, model=name))
    return found


def _epochs(model: EvenVAE) -> dict[str, float]:
    """How many epochs were made, and after which the best state was found."""
    history: list[dict[str, Any]] = model.history_
    best = next(record["step"] for record in history if record["best"][0] == history[-1]["best"][0])
    objective: Any = model.fitted_.plan.method.objective
    return {
        name: round(step / objective.steps_per_epoch, 1) for name, step in (("made", model.n_steps_), ("best", best))
    }


def _pixel(kind: str) -> dict[str, Any]:
    # no pixel is a function of others, and to look for that among hundreds of columns takes half a minute
    own = {"likelihood": kind, "formula": ""}
    return own | {"levels": (0, 1)} if kind == "bernoulli" else own
