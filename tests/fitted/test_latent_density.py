"""``purpose="sample"``: rows that follow the table's own distribution."""

import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import InputError
from evenvae.fitted import latent_density
from evenvae.fitted.sampling import sample
from evenvae.priors import FittedFlow, flow_matching
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


@pytest.fixture(scope="module")
def flowing():
    """Without sight, so that rows come from latents alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_matching, "WIDTH", 32)
        patch.setattr(flow_matching, "CHUNKS", 5)
        return fast(**OPTIONS, network__sight=False, sampling__latents="flow").fit(spiked())


def test_a_flow_of_latents_draws_what_the_table_holds(flowing):
    assert isinstance(flowing.fitted_.densities[0], FittedFlow)
    table, drawn = spiked(), flowing.sample(1500, random_state=0)
    shares = [rows["kind"].value_counts(normalize=True).reindex(["a", "b", "c"]) for rows in (drawn, table)]
    assert float((shares[0] - shares[1]).abs().sum()) < 0.15
    assert np.mean((drawn["hump"] > 0) == (drawn["kind"] == "b")) > 0.9
    given = flowing.sample(200, given={"kind": "b"}, random_state=0)
    assert np.mean(given["hump"] > 0) > 0.9


def test_a_flow_s_densities_tell_odd_rows_from_usual_ones(flowing):
    usual = spiked().iloc[:20]
    odd = usual.assign(hump=-usual["hump"])
    assert flowing.score_samples(usual, samples=50).mean() > flowing.score_samples(odd, samples=50).mean() + 1


def test_a_saved_flow_draws_the_same_rows(flowing, tmp_path):
    flowing.save(tmp_path / "m.evenvae")
    again = evenvae.load(tmp_path / "m.evenvae")
    assert again.sample(50, random_state=3).equals(flowing.sample(50, random_state=3))
    rows = spiked().iloc[:5]
    np.testing.assert_array_equal(again.score_samples(rows, samples=20), flowing.score_samples(rows, samples=20))


@pytest.mark.parametrize("part", ["mean", "first_time", "second", "last_bias"])
def test_parts_of_a_flow_that_do_not_fit_are_refused(flowing, part):
    tensors = latent_density.to_tensors(flowing.fitted_.densities)
    wrong = tensors | {f"latents.0.{part}": tensors[f"latents.0.{part}"][..., :-1]}
    with pytest.raises(InputError, match="density of latents has"):
        latent_density.from_tensors(wrong, 1, flowing.fitted_.plan)
    del wrong[f"latents.0.{part}"]
    with pytest.raises(InputError, match=f"density of latents has no {part}"):
        latent_density.from_tensors(wrong, 1, flowing.fitted_.plan)


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
    with pytest.raises(InputError, match="latents='flow' is for tables without tasks"):
        fast(purpose="sample", sampling__latents="flow", task="city").fit(people())
    with pytest.raises(InputError, match="latents='flow' needs model='vae'"):
        fast(model="hivae", purpose="sample", sampling__latents="flow").fit(people())
    with pytest.raises(InputError, match="numbers"):
        fast(sampling__numbers="bins").fit(people())
