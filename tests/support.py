"""Small tables and networks that several tests train; the examples as modules."""

import importlib.util
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

import evenvae
from evenvae.likelihoods import Bernoulli, Categorical, LogNormal, Normal, Poisson, Scale
from evenvae.models import HIVAEConfig, VAEConfig, make_vae
from evenvae.models.space import Space
from evenvae.objectives import ELBO
from evenvae.options.presets import Preset
from evenvae.priors import Mixture, StandardNormal
from evenvae.training import Method, Network, first_states

FAST = {
    "latent_size": 3,
    "epochs": 4,
    "network": evenvae.Network(width=16, depth=1),
    "training": evenvae.Training(batch_size=32),
}
"""Options of `EvenVAE` for a fit of a second or two."""
QUICK = Preset(
    network=evenvae.Network(width=16, depth=1),
    hivae=evenvae.HIVAENetwork(components=2, slice_size=2),
    training=evenvae.Training(batch_size=32),
    hivae_training=evenvae.Training(batch_size=32),
    epochs=2,
    hivae_epochs=2,
)
"""In place of the default preset: a small network, and hardly any training."""


def fast(**options) -> evenvae.EvenVAE:
    """An `EvenVAE` with the options `FAST` and others; those of parts as ``training__patience``."""
    own = dict(FAST)
    if options.get("model") == "hivae":
        own.pop("network")
    return evenvae.EvenVAE(**own).set_params(**options)


def load_example(name: str) -> ModuleType:
    """``examples/<name>.py``, as a module."""
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def block(likelihood, values) -> tuple[Scale, Scale]:
    """The constants of a block with one column of these raw values, on the host and for compiled programs."""
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    return scale, Scale(*(np.asarray(part, float) for part in likelihood.device_scale(scale)))


def people(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Age, income, city and so on, with missing cells."""
    rng = np.random.default_rng(seed)
    age = rng.poisson(40, rows)
    frame = pd.DataFrame(
        {
            "age": age,
            "income": np.round(np.exp(rng.normal(7 + age / 40, 0.5)), 2),
            "city": rng.choice(["Aachen", "Bonn", "Celle"], rows, p=[0.6, 0.3, 0.1]),
            "member": rng.random(rows) < 0.3,
            "grade": pd.Categorical(rng.choice(["low", "mid", "high"], rows), ["low", "mid", "high"], ordered=True),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D"),
            "balance": pd.array(rng.normal(0, 1000, rows).round().astype(int), dtype="Int64"),
        }
    )
    frame.loc[3, "income"] = np.nan
    frame.loc[5, "city"] = None
    frame.loc[7, "grade"] = np.nan
    frame.loc[9, "balance"] = pd.NA
    return frame


def incomplete(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    """Income is missing among the old; two laboratory values always together, mostly in clinic B; a whole number."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 15, rows).round(1)
    clinic = rng.choice(["A", "B"], rows, p=[0.7, 0.3])
    frame = pd.DataFrame(
        {
            "age": age,
            "clinic": clinic,
            "income": np.round(rng.normal(3000, 500, rows) + 10 * age, 1),
            "sodium": rng.normal(140, 3, rows).round(1),
            "potassium": rng.normal(4, 0.4, rows).round(2),
            "visits": pd.array(rng.poisson(3, rows), dtype="Int64"),
        }
    )
    frame.loc[rng.random(rows) < 1 / (1 + np.exp(-(age - 60) / 4)), "income"] = np.nan
    frame.loc[rng.random(rows) < np.where(clinic == "B", 0.7, 0.05), ["sodium", "potassium"]] = np.nan
    # half of those without an income do not tell their visits either
    frame.loc[frame["income"].isna() & (rng.random(rows) < 0.5), "visits"] = pd.NA
    return frame


def mixed_table():
    """A small table of every kind with missing cells: (space, values, observed)."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    values = np.stack(
        [
            3 * z[:, 0] + 5,
            np.exp(z[:, 1]),
            rng.poisson(np.exp(z[:, 0])),
            z[:, 0] > 0,
            np.digitize(z[:, 1], [-1, 0, 1]),
            np.digitize(z[:, 0], [-1, 0, 1]),
        ],
        axis=1,
    ).astype(float)
    observed = rng.random(values.shape) > 0.1
    values[~observed] = np.nan
    families = [Normal(), LogNormal(), Poisson(), Bernoulli(), Categorical(levels=4), Categorical(levels=4)]
    return Space.fit(families, values, observed), values, observed


PLAIN = Method(ELBO())


def new_network(space, values, observed, kind="residual", seed=1, encoder_input="standardized_onehot", method=PLAIN):
    """A small network of a kind (residual, paper, hivae) and the states before its first step."""
    key = jax.random.key(seed)
    if kind == "hivae":
        config = HIVAEConfig(latent_size=3, components=4, slice_size=2, steps_per_epoch=1.0)
        made = Network(config.build(space.layout, None, key), Mixture(4).build(3, 0, jax.random.fold_in(key, 1)))
        return made, first_states(made, method)
    paper = kind == "paper"
    config = VAEConfig(3, 16, 2, kind, encoder_input, 0.1 if paper else 0.0, see_mask=not paper)
    model = make_vae(config, space.layout, space.marginal_bias(values, observed), key)
    made = Network(model, StandardNormal(3))
    return made, first_states(made, method)


def widened(tree):
    """Every float array in float64."""
    wide = lambda a: jnp.asarray(a, jnp.float64) if jnp.issubdtype(a.dtype, jnp.floating) else jnp.asarray(a)
    return jax.tree.map(lambda a: wide(jnp.asarray(a)), tree)


def told_model(codes: np.ndarray, levels: tuple[int, ...]):
    """A model of columns of tasks with so many levels, its space, and a batch of rows with these codes."""
    space, values, observed = mixed_table()
    config = VAEConfig(3, 8, 1, see_mask=True, tasks=levels)
    model = config.build(space.layout, space.marginal_bias(values, observed), jax.random.key(0))
    return model, space, space.batch(values[: len(codes)], observed[: len(codes)], codes)
