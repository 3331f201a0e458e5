"""A small training run that several tests of the loop begin with."""

import jax
import numpy as np

from evenvae import balancing
from evenvae.models.batch import no_tasks
from evenvae.models.packed import PackedTable
from evenvae.objectives import ELBO
from evenvae.training import (
    BatchStream,
    Data,
    Method,
    OptimiserSettings,
    Skeleton,
    TrainingSettings,
    Validation,
    stack,
    start,
)
from support import new_network

NAMES = list("abcdef")


def setup(mixed, seeds=(0,), balance="imtl-g+pcgrad", steps=40, chunk=10, **settings):
    space, values, observed = mixed
    balancer = balancing.plain_sum() if balance is None else balancing.norm_match(balancing.parse(balance))
    optimiser = OptimiserSettings(total_steps=steps)
    runs, network = [], None
    for seed in seeds:
        network, states = new_network(space, values, observed, seed=seed, method=Method(ELBO(), balancer))
        runs.append(start(network, states, jax.random.key_data(jax.random.key(seed)), optimiser, 6))
    table = PackedTable.of(space.layout, space.batch(values, observed, no_tasks(len(values))))
    data = Data(table, space.device_scales, space.value_bounds.astype(np.float32))
    rows = np.arange(300, 400, dtype=np.int32)[None]
    hidden = np.random.default_rng(0).random((1, 100, 6)) < 0.2
    validation = stack([Validation(rows, np.ones((1, 100), np.float32), hidden)] * len(seeds))
    streams = [BatchStream(np.arange(300), 32, (0, seed)) for seed in seeds]
    method = Method(ELBO(), balancer)
    training = TrainingSettings(32, steps, chunk, **{"patience": None, **settings})
    return (stack(runs), Skeleton.of(network), data, streams, validation, method, optimiser, training, NAMES)


def same(a, b, exact=True):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if exact:
            np.testing.assert_array_equal(x, y)
        elif np.issubdtype(np.asarray(x).dtype, np.floating):
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)
