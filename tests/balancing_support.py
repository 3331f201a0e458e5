"""Rows to balance, and the balancers by what they claim."""

import functools
import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from evenvae import balancing
from evenvae.balancing import LinearHeads

KEY = jax.random.key(0)
MAGNITUDES = ["gradnorm", "mgda-ub", "imtl-g"]
COMBINATIONS = [f"{m}+{d}" for m in MAGNITUDES for d in ("pcgrad", "graddrop")]
NAMES = [*balancing.METHODS, *COMBINATIONS, "equal-norm+pcgrad", "mgda-ub[solver=frank-wolfe]"]
ONE_OF_A_KIND = ["none", "gradnorm", "mgda-ub", "imtl-g+pcgrad", "graddrop", "cagrad", "nash-mtl", "famo", "upgrad"]
"""A method for every mechanism. Methods that only combine these are left to the slow tests."""
WITH_WEIGHTS = [name for name in NAMES if not balancing.parse(name).needs_rows]
DETERMINISTIC = [
    *["none", "equal-norm", "power-norm", "gradnorm", "mgda-ub", "imtl-g", "cagrad", "nash-mtl"],
    *["aligned-mtl", "upgrad", "famo", "uncertainty-weighting"],
]
NON_NEGATIVE = [n for n in balancing.METHODS if n not in ("imtl-g", "aligned-mtl", "graddrop")]
J = np.array([[-4.0, 1, 1], [6.0, 1, 1]])
"""Two rows for which answers are known by hand."""
ROWS = [np.random.default_rng(seed).normal(size=(40, 20)).astype(np.float32) for seed in range(3)]
"""Many more rows than dimensions."""
NEVER_IN_CONFLICT = ["mgda-ub", "imtl-g", "nash-mtl", "upgrad", "cagrad[c=1]"]
BLIND_TO_SCALE = ["imtl-g", "nash-mtl"]


def padded(rows):
    """Rows of five elements: zeros change nothing, and cases of one shape share their compiled programs."""
    return np.pad(rows, ((0, 0), (0, 5 - rows.shape[1])))


def wide(rows, width=64):
    """Rows of 64 elements, for the same reason."""
    return np.pad(rows, ((0, 0), (0, width - np.shape(rows)[1])))


DEGENERATE = {
    "one zero row": padded(np.array([[1.0, 2, 0], [0, 0, 0], [0, -1, 1]])),
    "all zero": np.zeros((3, 5)),
    "identical": np.ones((3, 5)),
    "opposed": padded(np.array([[1.0, 2.0], [-1.0, -2.0], [1.0, 2.0]])),
    "rank one": padded(np.outer([1.0, -2, 3], [1.0, 2, 3])),
    "more rows than elements": np.random.default_rng(3).normal(size=(3, 5)) * [1, 1, 0, 0, 0],
    "twelve decades": padded(np.diag([1e-6, 1.0, 1e6])),
    "twelve decades in conflict": padded(np.array([[1e-6, 0], [-1.0, 1], [0.0, -1e6]])),
    "one task": padded(np.array([[3.0, -4.0]])),
    "a nan": padded(np.array([[1.0, np.nan], [2.0, 1.0], [0.0, 1.0]])),
    "an inf": padded(np.array([[1.0, 1.0], [np.inf, 1.0], [1.0, -3.0]])),
}


def oracles():
    """Vectors stored from an independent implementation."""
    root = Path(os.environ.get("EVENVAE_ORACLES", Path(__file__).parents[2] / "shared" / "oracles"))
    path = root / "aggregators.json"
    if not path.is_file():
        pytest.skip(f"no oracle vectors: {path.name} is not in EVENVAE_ORACLES")
    return json.loads(path.read_text())


def others_slow(names, quick):
    """Parameters of which those beyond ``quick`` belong to the slow tests."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


def made(balancer):
    return balancing.parse(balancer) if isinstance(balancer, str) else balancer


@functools.partial(jax.jit, static_argnums=0)
def _update(balancer, rows, **given):
    return balancer.update(rows, balancer.init(len(rows)), **given)[0]


@functools.partial(jax.jit, static_argnums=0)
def _weights(balancer, rows, **given):
    return balancer.weights(rows @ rows.T, balancer.init(len(rows)), **given)[0]


def _given(rows, key=KEY, losses=..., noise=None):
    losses = jnp.ones(len(rows)) if losses is ... else losses
    return {"key": None if noise is not None else key, "losses": losses, "noise": noise}


def direction(balancer, rows, matched=False, **given):
    balancer = balancing.norm_match(made(balancer)) if matched else made(balancer)
    return np.asarray(_update(balancer, jnp.asarray(rows), **_given(rows, **given)))


def weights(balancer, rows, **given):
    return np.asarray(_weights(made(balancer), jnp.asarray(rows), **_given(rows, **given)))


some = settings(max_examples=20, deadline=None)
# few shapes, because every method is compiled for each of them
shapes = st.tuples(st.sampled_from([2, 5]), st.just(9), st.integers(0, 2**31), st.floats(0, 3))


def random_rows(shape):
    d, n, seed, decades = shape
    rng = np.random.default_rng(seed)
    return rng.normal(size=(d, n)) * 10 ** rng.uniform(-decades / 2, decades / 2, (d, 1))


def spread_rows(d, n, seed=0):
    """Random rows whose lengths spread over six decades."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(d, n)) * 10 ** rng.permutation(np.linspace(-3, 3, d))[:, None]


def close(found, expected, tolerance, **kwargs):
    """Within ``tolerance`` of the largest expected entry."""
    expected = np.asarray(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max(), **kwargs)


TASK = (0, 0, 1, 2, 2, 2, 1)
"""Task of each output of the model below."""


def trunk(params, batch):
    return jnp.tanh(batch["x"] @ params["w"])


def task_losses(outputs, batch):
    return jnp.stack(
        [
            ((outputs[:, :2] - batch["y"][:, :2]) ** 2).mean(),
            jnp.abs(outputs[:, jnp.array([2, 6])] - 100 * batch["y"][:, 2:]).mean(),
            -jax.nn.log_softmax(outputs[:, 3:6])[:, 0].mean(),
        ]
    )


def heads(params, features, batch):
    return task_losses(features @ params.kernel + params.bias, batch)


def one_head(task):
    return lambda params, features, batch: heads(params, features, batch)[task]


def multitask_problem():
    """Linear heads, parameters of trunk and heads, and a batch, in float64."""
    rng = np.random.default_rng(0)
    batch = {"x": jnp.asarray(rng.normal(size=(12, 5))), "y": jnp.asarray(rng.normal(size=(12, 4)))}
    linear = LinearHeads(TASK, task_losses)
    params = {"w": jnp.asarray(rng.normal(size=(5, 6)))}, linear.init(jax.random.key(1), 6)
    return linear, params, batch


def tree_close(found, expected, tolerance=1e-10):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), found, expected)


def run(balancer, steps, gram, losses=None):
    """State after ``steps`` calls with the same rows."""
    step = lambda state, k: (balancer.weights(gram, state, key=k, losses=losses)[1], None)
    return jax.lax.scan(step, balancer.init(len(gram)), jax.random.split(KEY, steps))[0]
