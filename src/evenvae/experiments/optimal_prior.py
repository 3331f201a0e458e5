"""The tables of Takahashi et al. (KDD 2022): a source with many rows, a target with 100, five priors.

Pixels are columns of a table: Bernoulli for digits, each binarised by one draw with its grey value as probability;
normal for faces. The networks, lengths and classifiers of the original are not published, so that figures compare
within this protocol, and with the published ones only in their order.
"""

import functools
import json
import time
import tomllib
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.svm import SVC

from evenvae import datasets, places
from evenvae.datasets import Images
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.experiments.optimal_prior_text import markdown
from evenvae.experiments.table1 import machine

RUNS, TEXT, PICTURE = "runs.jsonl", "optimal-prior.md", "latent-{pair}-{model}.png"
QUICK: dict[str, Any] = {"seeds": 1, "share": 0.005, "rows": 200}
"""What `quick` takes in place of the settings: to see the machinery, not the figures."""
TASK = "task"


@functools.cache
def published() -> dict[str, Any]:
    """Settings, pairs and the published figures."""
    text = resources.files("evenvae.experiments").joinpath("optimal_prior.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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
    """Make runs, one after the other, and write ``optimal-prior.md`` of all runs in ``out`` after each.

    Args:
        out: folder; ``runs.jsonl`` holds a line a run.
        pairs: of `published`; None is all whose data are here.
        models: VAE, CVAE, optimal, vamp, exemplar, and CVAE-hide, optimal-hide, vamp-hide, trained with hidden
            pixels; None is all.
        seeds: runs of each.
        share: share of the epochs.
        rows: at most so many rows of every part, for a look; None is all.
        resume: go on in a folder that holds runs.
        say: told a line before and after every run.
        options: of `EvenVAE`, over the settings.

    Returns:
        The tables as Markdown.

    Raises:
        InputError: an unknown name, data that are not here, or a folder with runs and no ``resume``.
    """
    known = published()
    wanted = _known("datasets", pairs, tuple(known["pairs"]))
    kinds = _known("models", models, tuple(known["models"]))
    if not 0 < share <= 1:
        raise InputError(f"share={share} must be above 0 and at most 1.")
    folder = Path(out)
    places.check_folder(folder)
    place = folder / RUNS
    if place.exists() and not resume:
        raise InputError(f"{folder} holds runs already: go on by --resume, or give another folder.")
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
                places.write_text(folder / TEXT, markdown(read(folder), known))
    return markdown(read(folder), known)


def read(folder: Path) -> list[dict[str, Any]]:
    """All runs in a folder."""
    path = folder / RUNS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _names(pair: dict[str, Any]) -> list[str]:
    return [*pair["source"], *([pair["target"]] if "target" in pair else [])]


def _known(what: str, given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    names = known if given is None else tuple(dict.fromkeys(given))
    for name in names:
        if name not in known:
            raise InputError(f"{what}: {name!r} is not among what is made here; choose from {', '.join(known)}.")
    return names


def as_table(parts: dict[str, Images], kind: str, generator: np.random.Generator) -> pd.DataFrame:
    """Images as rows with a column a pixel and one for the task; digits are binarised."""
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
    """One run: fit, log-likelihood of the target's test rows, accuracy of support vector machines on latent means.

    One machine counts every labelled row alike; the other (``accuracy_even``) every task alike, so that the target's
    100 labels are not drowned by the source's thousands.
    """
    known = published()
    settings, description = known["settings"], known["pairs"][pair]
    generator = np.random.default_rng([seed, 7])
    few = settings["target_rows"]
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
    chosen_options = {**settings["options"], **own, **options}
    chosen_options["epochs"] = chosen_options["epochs"] * share
    schema = {name: _pixel(pixels) for name in table.columns if name != TASK}
    model = EvenVAE(**chosen_options, task=None if hidden else TASK, schema=schema, balance="none", random_state=seed)
    began = time.perf_counter()
    model.fit(table.drop(columns=hidden))
    seconds = time.perf_counter() - began
    scores = model.score_samples(judged.drop(columns=hidden), samples=100, return_details=True)
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
        "options": chosen_options,
        "share": share,
        "steps": model.n_steps_,
        "seconds": round(seconds, 1),
        "machine": machine(),
        **model._normaliser(),
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
        from evenvae.experiments.latent_picture import draw

        draw(latent, table[TASK].to_numpy(), labels, folder / PICTURE.format(pair=pair, model=kind))
    return found


def _pixel(kind: str) -> dict[str, Any]:
    return {"likelihood": kind, "levels": (0, 1)} if kind == "bernoulli" else {"likelihood": kind}
