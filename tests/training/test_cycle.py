"""Latent cycle consistency: the other tasks, what is encoded again, and where the gradient goes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE
from evenvae.errors import InputError
from evenvae.likelihoods import BernoulliPixels, Normal
from evenvae.models import VAEConfig
from evenvae.models.heads import expected_inputs
from evenvae.models.space import Space
from evenvae.objectives import ELBO
from evenvae.priors import Standard, Vamp
from evenvae.training import Method, Network, balanced_gradients, first_states, loss
from evenvae.training.cycle import cycle_distance, other_tasks
from support import FAST, people, told_model, widened

KEY = jax.random.key(2)
LEVELS = (3, 2)


@pytest.fixture(scope="module")
def told():
    """A model of two columns of tasks, its space, and a batch of rows with missing cells and tasks."""
    return told_model(np.random.default_rng(0).integers(-1, LEVELS, (16, 2)).astype(np.int32), LEVELS)


def test_another_task_is_never_the_same_and_every_other_one_is_drawn():
    codes = jnp.asarray(np.tile([[0, 0], [1, 1], [2, -1]], (300, 1)))
    others = np.asarray(other_tasks(KEY, codes, LEVELS))
    assert (others != codes).all()
    assert [sorted(set(others[place::3, 0])) for place in range(3)] == [[1, 2], [0, 2], [0, 1]]
    assert set(others[2::3, 1]) == {0, 1}


def test_inputs_that_are_expected_for_certain_are_those_of_the_cells(told):
    model, space, batch = told
    scales = space.device_scales
    expected = []
    for block, cells, scale in zip(space.layout.blocks, batch.cells, scales, strict=True):
        likelihood = block.likelihood
        if likelihood.encoder_input == "value":
            expected.append(likelihood.encoder_features(jnp.asarray(cells, jnp.float32), scale))
        else:
            expected.append(jax.nn.one_hot(jnp.asarray(cells, int), likelihood.level_count))
    of = lambda rows: model.encoder(rows, scales, None, inference=True)[0].mean
    np.testing.assert_allclose(of(batch._replace(expected=tuple(expected))), of(batch), atol=1e-5)


def test_what_is_expected_of_a_row_has_the_shape_and_the_place_of_what_the_encoder_sees(told):
    model, space, batch = told
    parameters = model.decode(model.latent_at(jnp.zeros((16, 3)), batch.tasks))
    found = expected_inputs(space.layout, parameters, space.device_scales)
    for block, part in zip(space.layout.blocks, found, strict=True):
        looked_up = block.likelihood.encoder_input != "value"
        assert part.shape == (16, len(block.columns), block.likelihood.level_count if looked_up else 1)
        if looked_up:
            np.testing.assert_allclose(part.sum(-1), 1, rtol=1e-5)
        else:
            # heads begin at the marginals, so that standardised inputs are near 0
            assert np.abs(part).max() < 1.5


def test_images_are_encoded_again_and_hidden_cells_stay_hidden():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.random((12, 6)), rng.normal(size=(12, 1))], axis=1)
    observed = np.ones((12, 2), bool)
    space = Space.fit([BernoulliPixels((2, 3, 1)), Normal()], values, observed)
    scales = space.device_scales
    model = VAEConfig(3, 8, 1, tasks=(2,)).build(space.layout, space.marginal_bias(values, observed), KEY)
    batch = space.batch(values, observed, np.arange(12)[:, None] % 2)
    parameters = model.decode(model.latent_at(jnp.zeros((12, 3)), batch.tasks))
    for block, cells, scale, expected in zip(
        space.layout.blocks, batch.cells, scales, expected_inputs(space.layout, parameters, scales), strict=True
    ):
        assert expected.shape == block.likelihood.encoder_features(jnp.asarray(cells), scale).shape
    # rows 0 to 2 show no cell, 3 to 5 the number alone, 6 to 8 the image alone
    mask = np.repeat([[False, False], [False, True], [True, False], [True, True]], 3, axis=0)
    seen = batch.hide(jnp.asarray(mask))
    posterior, _ = model.encoder(seen, scales, None, inference=True)
    moved = jax.tree.map(lambda leaf: leaf + 0.5 if eqx.is_inexact_array(leaf) else leaf, model)
    # the decoder alone differs
    first, second = (
        np.asarray(cycle_distance(one, model.encoder, posterior, seen, scales, None, KEY)) for one in (model, moved)
    )
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first[:3], second[:3])
    assert (first[3:] != second[3:]).all()


def test_the_gradient_reaches_the_encoder_alone(told):
    model, space, batch = told

    def distance(model):
        q, state = model.encoder(batch, space.device_scales, None, inference=True)
        return cycle_distance(model, model.encoder, q, batch, space.device_scales, state, KEY).mean()

    gradient = eqx.filter_grad(distance)(model)
    size = lambda part: max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(part))
    assert size(gradient.encoder) > 1e-4
    assert size((gradient.trunk, gradient.heads)) == 0


@pytest.mark.parametrize("prior", [Standard(), Vamp(5)], ids=lambda prior: type(prior).__name__)
def test_the_step_gives_the_gradient_of_the_loss_with_cycle_consistency(told, prior):
    model, space, batch = told
    with jax.enable_x64(True):
        method = Method(ELBO(beta=0.5), cycle=2.0)
        network = Network(model, prior.build(3, 8, KEY))
        network, states = widened((network, first_states(network, method)))
        arguments = (network, states, widened(batch), widened(space.device_scales), KEY)
        gradient, _, report = eqx.filter_jit(balanced_gradients)(*arguments, method)
        value, expected = eqx.filter_jit(eqx.filter_value_and_grad(loss))(*arguments, method)
        for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(report.loss, value)
        plain, _, without = eqx.filter_jit(balanced_gradients)(*arguments, Method(ELBO(beta=0.5)))
        assert report.loss > without.loss
        for part in ("trunk", "heads"):
            own, other = (jax.tree.leaves(getattr(found.model, part)) for found in (gradient, plain))
            for a, b in zip(own, other, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "name their column with task="),
        ({"task": "city", "objective": "iwae"}, "objective='elbo'"),
        ({"task": "city", "network__encoder_input": "raw"}, "standardised inputs"),
    ],
)
def test_where_it_cannot_be_it_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        EvenVAE(**FAST).set_params(training__cycle=1.0, **options).fit(people(60))


def unlike_sites(rows, share, seed):
    """Rows of which a ``share`` was measured at a site whose instruments are off."""
    rng = np.random.default_rng(seed)
    own, site = rng.normal(size=rows), (rng.random(rows) < share).astype(int)
    first, second = own + 2 * site, site - own
    noise = 0.1 * rng.normal(size=(2, rows))
    columns = {"first": first + noise[0], "second": second + noise[1], "third": own > 0.5 - site}
    return pd.DataFrame(columns | {"site": np.array(["A", "B"])[site]})


@pytest.mark.slow
def test_less_of_the_site_is_left_in_the_latent():
    table, judged = unlike_sites(1000, 0.05, 0), unlike_sites(1000, 0.5, 1)
    found = []
    for weight in (0.0, 1.0):
        options = {"task": "site", "prior": "vamp", "purpose": "score", "epochs": 40}
        model = EvenVAE(**FAST | options).set_params(training__cycle=weight)
        found.append(model.fit(table).evaluate(judged).attrs["task_information"])
    assert found[1] < 0.5 * found[0]
