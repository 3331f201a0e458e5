"""A new family, kind of column, encoder or density is one class and at most one line, from `fit` to every answer."""

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, InputError
from evenvae.fitted.sampling import sample
from evenvae.likelihoods import registry as families
from evenvae.models.batch import no_tasks
from evenvae.objectives import ELBO
from evenvae.tables.columns import registry as kinds
from evenvae.training import Method, balanced_gradients, first_states
from support import FAST, fast, new_network
from toys import LinearEncoder, Percentage, Point, ZeroInflatedNegativeBinomial


@pytest.fixture
def zero_inflated(monkeypatch):
    monkeypatch.setitem(families.FAMILIES, "zero-inflated", "toys:ZeroInflatedNegativeBinomial")


def visits(rows=200):
    rng = np.random.default_rng(0)
    ill = rng.random(rows) < 0.5
    counts = np.where(ill, rng.negative_binomial(3, 0.2, rows), 0)
    table = pd.DataFrame({"visits": counts.astype(float), "ill": np.where(ill, "yes", "no")})
    return table.mask(rng.random(table.shape) < 0.1)


@pytest.mark.usefixtures("zero_inflated")
def test_a_family_is_one_class_and_one_line(tmp_path):
    table = visits()
    model = fast(schema={"visits": "zero-inflated"}, epochs=30).fit(table)
    assert type(model.fitted_.space.layout.likelihoods[0]) is ZeroInflatedNegativeBinomial
    drawn = model.sample(200, random_state=0)
    assert (drawn["visits"] >= 0).all()
    assert 0.3 < (drawn["visits"] == 0).mean() < 0.8
    assert not model.impute(table).isna().any().any()
    assert np.isfinite(model.score(table))
    assert model.evaluate(table)["likelihood"].tolist() == ["zero-inflated", "bernoulli"]
    model.save(tmp_path / "m.evenvae")
    with pytest.raises(InputError, match="zero-inflated"):
        fast(schema={"visits": "zero-inflated"}, model="hivae").fit(table)
    # cells outside the support that the family declares
    with pytest.warns(UserWarning, match="1 cells? (is|are) negative or not whole"):
        model.transform(pd.DataFrame({"visits": [2.5, 1.0], "ill": ["yes", "no"]}))


def test_a_kind_of_column_is_one_codec_and_one_line(monkeypatch):
    monkeypatch.setattr(kinds, "CODECS", [Percentage(), *kinds.CODECS])
    rng = np.random.default_rng(0)
    share = pd.Series([f"{value} %" for value in rng.integers(0, 101, 120)], dtype=object)
    table = pd.DataFrame({"share": share.where(rng.random(120) > 0.1, None), "x": rng.normal(size=120)})
    model = EvenVAE(**FAST).fit(table)
    assert model.schema_["share"].kind == "percentage"
    filled = model.impute(table)["share"]
    assert filled.str.fullmatch(r"\d+ %").all()
    assert (filled[table["share"].notna()] == table["share"].dropna()).all()
    assert model.sample(20, random_state=0)["share"].str.fullmatch(r"\d+ %").all()


def test_an_encoder_is_one_class(mixed):
    space, values, observed = mixed
    network, _ = new_network(space, values, observed)
    encoder = LinearEncoder.of(6, 3, jax.random.key(0))
    network = network._replace(model=eqx.tree_at(lambda m: m.encoder, network.model, encoder))
    method = Method(ELBO())
    batch = space.batch(values, observed, no_tasks(len(values))).take(slice(32))
    states = first_states(network, method)
    step = eqx.filter_jit(balanced_gradients)
    gradient, _, report = step(network, states, batch, space.device_scales, jax.random.key(1), method)
    assert np.isfinite(report.loss)
    assert np.abs(np.asarray(gradient.model.encoder.kernel)).max() > 0


def test_a_density_to_sample_from_is_one_class(mixed):
    table = visits()
    fitted = EvenVAE(**FAST).fit(table).fitted_
    point = Point(jax.numpy.zeros(3))
    values, _ = sample(fitted.replaced(densities=(point,)), 400, seed=0)
    # one latent: what varies is drawn by the heads, and the level is the likeliest there about as often as it says
    assert len(np.unique(values[:, 1])) <= 2
    assert np.isfinite(values).all()
