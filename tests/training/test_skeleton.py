"""A network comes back from the vector of its parameters."""

import jax
import numpy as np
import pytest

from evenvae.training.skeleton import Skeleton, vector_of
from support import mixed_table, new_network


@pytest.mark.parametrize("kind", ["residual", "hivae"])
def test_there_and_back(kind):
    networks = [new_network(*mixed_table(), kind, seed=seed)[0] for seed in (0, 1)]
    skeleton = Skeleton.of(networks[0])
    assert skeleton == Skeleton.of(networks[1])
    assert all(leaf is None for leaf in jax.tree.leaves(skeleton.rest, is_leaf=lambda x: x is None))
    vectors = np.stack([np.asarray(vector_of(network)) for network in networks])
    for place, network in enumerate(networks):
        jax.tree.map(np.testing.assert_array_equal, skeleton.network(vectors[place]), network)
    both = skeleton.network(vectors)
    jax.tree.map(lambda leaf, *own: np.testing.assert_array_equal(leaf, np.stack(own)), both, *networks)
