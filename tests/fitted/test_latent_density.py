"""``purpose="sample"``: rows that follow the table's own distribution."""

import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import InputError
from evenvae.fitted.sampling import sample
from evenvae.tables import decode
from support import fast, people

pytestmark = pytest.mark.usefixtures("small_draws")


def spiked(rows=1500):
    """A column of zeros and large sums, a level that tells which, and a number of two humps."""
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b", "c"], rows, p=[0.7, 0.2, 0.1])
    gain = np.where(kind == "a", 0, np.round(np.exp(rng.normal(8, 0.5, rows))))
    return pd.DataFrame({"kind": kind, "gain": gain, "hump": rng.normal(0, 0.5, rows) + np.where(kind == "b", 5, -5)})


OPTIONS = {"epochs": 60, "training__learning_rate": 5e-3, "objective__beta": 0.2, "purpose": "sample"}


@pytest.fixture(scope="module")
def fitted():
    return fast(**OPTIONS).fit(spiked())


def test_spikes_humps_and_what_goes_with_them(fitted):
    table, drawn = spiked(), fitted.sample(1500, random_state=0)
    assert np.mean(drawn["gain"] == 0) == pytest.approx(np.mean(table["gain"] == 0), abs=0.08)
    assert np.mean((drawn["gain"] == 0) == (drawn["kind"] == "a")) > 0.9
    assert np.mean((drawn["hump"] > 0) == (drawn["kind"] == "b")) > 0.9
    assert drawn["hump"].abs().min() > 2
    assert set(drawn["gain"]) <= set(range(int(table["gain"].min()), int(table["gain"].max()) + 1))


def test_fitted_latents_draw_better_marginals_than_the_prior():
    # without sight, so that rows come from latents alone
    fitted = fast(**OPTIONS, network__sight=False).fit(spiked())
    table = spiked()
    shares = lambda rows: rows["kind"].value_counts(normalize=True).reindex(["a", "b", "c"], fill_value=0)
    distance = lambda rows: float((shares(rows) - shares(table)).abs().sum())
    near = distance(fitted.sample(3000, random_state=0))
    values, tasks = sample(fitted.fitted_.replaced(densities=()), 3000, seed=0)
    far = distance(decode(values, fitted.schema_, tasks=tasks))
    assert near < 0.1
    assert near < far


def test_saved_models_draw_the_same_rows(fitted, tmp_path):
    fitted.save(tmp_path / "m.evenvae")
    again = evenvae.load(tmp_path / "m.evenvae")
    assert again.sample(200, random_state=3).equals(fitted.sample(200, random_state=3))
    given = {"kind": "b"}
    assert again.sample(20, given, random_state=3).equals(fitted.sample(20, given, random_state=3))


def test_given_values_condition_the_fitted_latents(fitted):
    drawn = fitted.sample(400, given={"kind": "b"}, random_state=0)
    assert (drawn["kind"] == "b").all()
    assert np.mean(drawn["hump"] > 0) > 0.9
    assert np.mean(drawn["gain"] > 0) > 0.9


@pytest.mark.slow
def test_hivae_and_ensembles(tmp_path):
    model = fast(model="hivae", purpose="sample", ensemble=2, epochs=3, latent_size=None).fit(people())
    assert len(model.fitted_.densities) == 2
    model.save(tmp_path / "m.evenvae")
    again = evenvae.load(tmp_path / "m.evenvae")
    assert again.sample(50, random_state=0).equals(model.sample(50, random_state=0))
    assert (again.sample(20, given={"city": "Bonn"}, random_state=0)["city"] == "Bonn").all()


def test_what_does_not_go_together_is_refused():
    with pytest.raises(InputError, match="latents='fitted'"):
        fast(purpose="sample", sampling__latents="fitted", task="city").fit(people())
    with pytest.raises(InputError, match="numbers"):
        fast(sampling__numbers="bins").fit(people())
