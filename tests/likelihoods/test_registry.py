"""Families by name; a new one needs its class and its line, and no change elsewhere."""

import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.errors import InputError
from evenvae.fitted.asking import statistic
from evenvae.likelihoods import Bernoulli, Normal, registry
from evenvae.models import HIVAEConfig, Space, VAEConfig, heads
from evenvae.objectives import ELBO
from evenvae.priors import StandardNormal
from evenvae.training import Method, Network, balanced_gradients, first_states
from toys import ZeroInflatedNegativeBinomial

NAME = ZeroInflatedNegativeBinomial.name


@pytest.fixture
def added(monkeypatch):
    """The family, registered and read back by its name."""
    monkeypatch.setitem(registry.FAMILIES, NAME, f"{__name__}:ZeroInflatedNegativeBinomial")
    return registry.family(NAME)


@pytest.fixture
def fitted(added):
    """A table with a column of the family: (space, values, observed)."""
    rng = np.random.default_rng(0)
    counts = np.where(rng.random(200) < 0.4, 0, rng.negative_binomial(3, 0.3, 200))
    values = np.stack([counts, rng.normal(size=200), rng.random(200) < 0.5], axis=1).astype(float)
    observed = rng.random(values.shape) > 0.1
    values[~observed] = np.nan
    return Space.fit([added.of_column(0, ()), Normal(), Bernoulli()], values, observed), values, observed


def test_names_and_classes():
    assert {"normal", "lognormal", "poisson", "bernoulli", "categorical", "ordinal"} < set(registry.names())
    assert registry.names(image=True) == ("bernoulli", "normal", "squared")
    for name in registry.names():
        assert registry.family(name).name == name
    for name in registry.names(image=True):
        assert registry.family(name, image=True).values == "pixels"


def test_an_unknown_name_is_told():
    with pytest.raises(ValueError, match="'gamma' is not a likelihood; choose one of normal, lognormal"):
        registry.family("gamma")
    with pytest.raises(ValueError, match="'poisson' is not a likelihood of images; choose one of bernoulli"):
        registry.family("poisson", image=True)


def test_names_do_not_wait_for_jax():
    code = (
        "import sys\nfrom evenvae.likelihoods import registry\nregistry.names()\n"
        "assert 'jax' not in sys.modules, 'the registry imports jax'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_new_family_has_a_place_in_the_layout(fitted):
    space, values, observed = fitted
    layout = space.layout
    assert layout.width == 3 + 2 + 1
    assert layout.discrete.tolist() == [False, False, True]
    assert layout.steps.tolist() == [0, 0, 0]
    cells = space.cells(values, observed)
    assert cells[0].dtype == np.float32
    raw = np.where(observed, values, 0)
    np.testing.assert_array_equal(np.where(observed, space.to_raw(layout.join(cells), clip=False), 0)[:, 0], raw[:, 0])


def test_log_prob_is_that_of_scipy(added):
    with jax.enable_x64(True):
        x = np.arange(40.0)
        parameters = jnp.array([-0.5, 1.2, 0.4])
        zero, mean, size = (float(part) for part in ZeroInflatedNegativeBinomial.split(parameters))
        share = 1 / (1 + np.exp(-zero))
        counts = stats.nbinom(size, size / (size + mean)).pmf(x)
        expected = share * (x == 0) + (1 - share) * counts
        found = np.exp(added().log_prob(jnp.tile(parameters, (40, 1)), jnp.asarray(x)))
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_model_learns_a_new_family_and_begins_at_its_marginal(fitted):
    space, values, observed = fitted
    bias = space.marginal_bias(values, observed)
    model = VAEConfig(2, 8, 1).build(space.layout, bias, jax.random.key(0))
    network, method = Network(model, StandardNormal(2)), Method(ELBO())
    batch = space.batch(values, observed)
    states = first_states(network, method)
    step = eqx.filter_jit(balanced_gradients)
    gradient, _, report = step(network, states, batch, space.device_scales, jax.random.key(1), method)
    assert report.finite.all()
    assert np.asarray(gradient.model.heads.kernel)[:, space.layout.feature_of_output == 0].any()
    mean = statistic(space, np.asarray(bias)[None], "mean")[0, 0]
    assert mean == pytest.approx(np.nanmean(values[:, 0]), rel=1e-6)
    for name in ("default", "median", "mode"):
        assert np.isfinite(statistic(space, np.asarray(bias)[None], name)).all()


def test_draws_of_a_new_family_follow_its_mean(fitted):
    space, values, observed = fitted
    block, scale = space.layout.blocks[0], space.device_scales[0]
    parameters = jnp.asarray(space.marginal_bias(values, observed)[:3], jnp.float32)
    draws = block.likelihood.sample(jax.random.key(0), jnp.tile(parameters, (20_000, 1, 1)), scale)
    error = 5 * float(draws.std()) / 20_000**0.5
    assert float(draws.mean()) == pytest.approx(float(block.likelihood.mean(parameters, scale)), abs=error)
    assert np.isfinite(heads.statistic(space.layout, jnp.zeros((1, 6)), space.device_scales, "mode")).all()


def test_hivae_refuses_a_family_that_it_does_not_know(fitted):
    space, _, _ = fitted
    with pytest.raises(InputError, match=r"zero-inflated.*schema, or use model='vae'"):
        HIVAEConfig().build(space.layout, None, jax.random.key(0))
