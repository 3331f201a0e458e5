"""The figures of the theory page: latents beside the prior, and the gradients of the columns.

    pip install '.[demo]'
    python benchmarks/theory_figures.py docs/figures

One default model of rand-hie (8000 rows, 40 epochs, seed 0), as `evenvae demo` trains it. ``latents.png`` shows two of
its coordinates: draws of q(z|x) for training rows, of the standard normal prior, and of the mixture that is fitted
after training. ``gradients.png`` shows the lengths of the columns' gradients at the last shared feature while it
trains, as they are and as the balance weighs them.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import evenvae
from evenvae import datasets

ROWS, EPOCHS, SHOWN = 8000, 40, 1500
GREY, BLUE, RED = "#8a929c", "#1f77b4", "#c2571a"


def fitted() -> tuple[Any, Any]:
    """The model, and the rows that it was trained on."""
    data = datasets.load("rand-hie")
    table = data.table.sample(ROWS, random_state=0)
    return evenvae.EvenVAE(schema=data.schema, epochs=EPOCHS, random_state=0).fit(table), table


def latents(model: Any, table: Any) -> Any:
    """Draws in the two coordinates whose means vary most."""
    rng = np.random.default_rng(0)
    mean, std = model.posterior(table)
    drawn = mean + std * rng.normal(size=mean.shape)
    prior = rng.normal(size=drawn.shape)
    mixture = np.asarray(model.fitted_.densities[0].sample(jax.random.key(0), len(drawn)))
    first, second = np.argsort(-mean.std(0))[:2]
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 3), sharex=True, sharey=True, layout="constrained")
    shown = [
        ("rows: draws of q(z|x)", drawn, GREY),
        ("the prior, N(0, I)", prior, RED),
        ("the fitted mixture", mixture, BLUE),
    ]
    for ax, (title, places, colour) in zip(axes, shown, strict=True):
        ax.scatter(places[:SHOWN, first], places[:SHOWN, second], s=4, alpha=0.5, color=colour, linewidths=0)
        ax.set_title(title, fontsize=10, loc="left")
        ax.set_xlabel("one latent coordinate")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("another one")
    return figure


def gradients(model: Any) -> Any:
    """Lengths of the columns' gradients over the steps, plain and weighed."""
    names = [column.name for column in model.schema_.features]
    records = [record for record in model.history_ if "gradient_norms" in record]
    steps = [record["step"] for record in records]
    # of the first run of the ensemble, which is the only one here
    norms = np.array([record["gradient_norms"][0] for record in records])
    weights = np.array([record["gradient_weights"][0] for record in records])
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), sharey=True, layout="constrained")
    for ax, title, lengths in zip(
        axes, ["as they are", "as power-norm[gamma=0.5] weighs them"], [norms, norms * weights], strict=True
    ):
        for place, name in enumerate(names):
            ax.plot(steps, lengths[:, place], label=name, color=plt.colormaps["tab10"](place), linewidth=1.6)
        ax.set_yscale("log")
        ax.set_title(title, fontsize=10, loc="left")
        ax.set_xlabel("step")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("length of a column's gradient")
    axes[1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    model, table = fitted()
    latents(model, table).savefig(folder / "latents.png", dpi=110)
    gradients(model).savefig(folder / "gradients.png", dpi=110)
