"""Models that are told a row's task."""

import warnings

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import EvenVAE
from evenvae.errors import InputError
from evenvae.metrics import probe
from evenvae.priors import StandardNormal
from evenvae.tables import TableWarning
from support import FAST, fast, people


def sites(rows=300, seed=0):
    """Two things measured at two sites, whose instruments are off by 10 and by -10; a flag that no site changes."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=rows)
    site = rng.choice(["north", "south"], rows, p=[0.7, 0.3])
    shift = np.where(site == "north", 10.0, -10.0)
    return pd.DataFrame(
        {
            "first": np.round(own + shift + 0.1 * rng.normal(size=rows), 3),
            "second": np.round(-own + 2 * shift + 0.1 * rng.normal(size=rows), 3),
            "flag": own > 0,
            "site": site,
            "year": rng.choice([2001, 2002], rows),
        }
    )


@pytest.fixture(scope="module")
def table():
    return sites()


@pytest.fixture(scope="module")
def fitted(table):
    options = {"epochs": 60, "training__learning_rate": 1e-2}
    return fast(**options, task=["site", "year"], purpose="score").fit(table)


def test_the_task_is_told_and_never_modelled(fitted):
    assert [column.name for column in fitted.schema_.features] == ["first", "second", "flag"]
    assert [column.name for column in fitted.schema_.tasks] == ["site", "year"]
    assert fitted.fitted_.plan.network.tasks == (2, 2)
    assert list(fitted.evaluate(sites(50, 1))["column"]) == ["first", "second", "flag"]


def test_samples_are_of_the_task_that_is_given(fitted):
    south = fitted.sample(100, {"site": "south", "year": "2002"}, random_state=0)
    assert set(south["site"]) == {"south"}
    assert set(south["year"]) == {2002}
    assert (south["first"] < 0).mean() > 0.95
    mixed = fitted.sample(400, random_state=0)
    assert (mixed["site"] == "north").mean() == pytest.approx(0.7, abs=0.1)
    assert ((mixed["first"] > 0) == (mixed["site"] == "north")).mean() > 0.95


def test_rows_translated_to_another_task_keep_what_is_their_own(fitted, table):
    north = table[table["site"] == "north"].head(50)
    there = fitted.translate(north, to={"site": "south"})
    assert set(there["site"]) == {"south"}
    np.testing.assert_array_equal(there["year"], north["year"])
    assert (there["first"] < 0).mean() > 0.95
    assert (there["second"] < 0).mean() > 0.95


def test_answers_about_rows_keep_their_labels(fitted, table):
    labelled = table.head(30).set_axis([f"row {number}" for number in range(30)])
    for answer in (fitted.translate(labelled, to={"site": "south"}), fitted.reconstruct(labelled)):
        pd.testing.assert_index_equal(answer.index, labelled.index)
    plain = fitted.reconstruct(labelled.reset_index(drop=True))
    pd.testing.assert_frame_equal(fitted.reconstruct(labelled).reset_index(drop=True), plain)


def test_holes_are_filled_under_the_rows_task(fitted):
    holes = sites(60, 2)
    holes["first"] = np.nan
    filled = fitted.impute(holes)
    assert ((filled["first"] > 0) == (holes["site"] == "north")).mean() > 0.95
    pd.testing.assert_frame_equal(filled.drop(columns="first"), holes.drop(columns="first"))


def test_rows_of_no_known_task_are_taken_to_stand_between(fitted, table):
    lost = table.head(20).copy()
    lost["site"] = ["mars"] * 10 + [None] * 10
    with pytest.warns(TableWarning, match="20 of 20 rows have no task"):
        between = fitted.transform(lost)
    with pytest.warns(TableWarning):
        np.testing.assert_array_equal(between, fitted.transform(lost.drop(columns="site")))
    assert np.isfinite(between).all()
    assert not np.array_equal(between, fitted.transform(table.head(20)))


def test_rows_without_a_task_may_be_learned_from(table):
    lost = table.copy()
    lost.loc[:9, "site"] = None
    with pytest.warns(TableWarning, match="10 of 300 rows"):
        model = evenvae.EvenVAE(**{**FAST, "epochs": 1}, task="site").fit(lost)
    assert set(model.sample(20, random_state=0)["site"]) <= {"north", "south"}


@pytest.mark.parametrize("prior", ["standard", "vamp", "exemplar", "optimal"])
def test_what_is_saved_is_what_is_loaded(table, tmp_path, prior):
    options = {"epochs": 3} | ({"prior__components": 8} if prior in ("vamp", "exemplar") else {})
    model = fast(**options, task="site", prior=prior, balance="imtl-g+pcgrad", purpose="score").fit(table)
    model.save(tmp_path / "model")
    again = evenvae.load(tmp_path / "model")
    np.testing.assert_array_equal(model.transform(table), again.transform(table))
    np.testing.assert_array_equal(model.score_samples(table, 8), again.score_samples(table, 8))
    pd.testing.assert_frame_equal(model.sample(9, random_state=1), again.sample(9, random_state=1))
    given = {"site": "south"}
    pd.testing.assert_frame_equal(model.translate(table, given), again.translate(table, given))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "sight"}, "did you mean 'site'"),
        ({"task": "second"}, "too many to be a task"),
        ({"task": "only"}, "single level"),
        ({"task": ["site", "site"]}, "twice"),
        ({"task": "site", "model": "hivae"}, "needs model='vae'"),
        ({"task": ["first", "second", "flag", "site", "year"]}, "too many"),
        ({"prior": "best"}, "choose one of standard, vamp, exemplar, optimal"),
    ],
)
def test_a_task_that_is_none_is_refused(table, options, words):
    with pytest.raises(InputError, match=words):
        fast(**options).fit(table.assign(only=1))


def test_tasks_that_were_not_seen_are_refused_where_they_must_be_known(fitted, table):
    with pytest.raises(InputError, match=r"'mars' was not seen in training; known are 'north', 'south'"):
        fitted.sample(2, {"site": "mars"})
    with pytest.raises(InputError, match="no task of the model; its tasks are site, year"):
        fitted.translate(table, {"flag": True})
    with pytest.raises(InputError, match="names no task"):
        fitted.translate(table, {})
    with pytest.raises(InputError, match="this model has none"):
        EvenVAE(**FAST).fit(table).translate(table, {"site": "north"})


def test_a_resumed_run_with_a_ratio_equals_an_undisturbed_one(table, tmp_path):
    options = {**FAST, "epochs": 12, "task": "site", "prior": "optimal", "purpose": "score"}
    whole = evenvae.EvenVAE(**options).fit(table)

    def stop(progress):
        raise KeyboardInterrupt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evenvae.EvenVAE(**options).fit(table, callbacks=(stop,), checkpoint=tmp_path)
    resumed = evenvae.EvenVAE(**options).fit(table, checkpoint=tmp_path, resume=True)
    np.testing.assert_array_equal(whole.score_samples(table, 4), resumed.score_samples(table, 4))


def test_evaluate_says_what_the_representation_tells_of_the_task(fitted, table):
    told = fitted.evaluate(table).attrs
    parts = told["task_information"] + told["prior_divergence"] + told["row_information"]
    assert told["rate"] == pytest.approx(parts)
    assert told["task_rows"] == 300
    # an estimate by a draw a row
    assert -0.01 <= told["task_information"] <= told["task_entropy"]
    # two sites and two years; what the decoder is told, z need not tell
    assert told["task_probe_accuracy"] < told["task_probe_chance"] + 0.1
    assert told["task_probe_information"] < 0.1 * told["task_entropy"]
    unaware = fast(epochs=60, training__learning_rate=1e-2, purpose="score").fit(table.drop(columns=["site", "year"]))
    z = unaware.transform(table)
    assert probe(z, (table["site"] == "north").to_numpy()).accuracy > 0.95


def test_the_optimal_prior_is_no_worse_a_bound_than_the_standard_normal_on_the_same_weights(table):
    options = {"epochs": 30, "training__learning_rate": 1e-2, "task": "site", "prior": "optimal", "purpose": "score"}
    model = fast(**options).fit(table)
    network, _ = model.fitted_.members[0]
    means, stds = model.posterior(table)
    z = jnp.float32(means + stds * np.random.default_rng(0).normal(size=means.shape))
    gain = network.prior.log_prob(z) - StandardNormal(means.shape[1]).log_prob(z)
    assert float(gain.mean()) > -0.05
    told = model.evaluate(table).attrs
    assert told["normaliser_effective_samples"] > 100


@pytest.mark.usefixtures("small_draws")
def test_conditions_and_tasks_go_together():
    table = people(300).assign(site=["north", "south", "south"] * 100)
    model = EvenVAE(**FAST, task="site").fit(table)
    drawn = model.sample(80, given={"site": "north", "age": (30, None), "city": "Bonn"}, random_state=0)
    assert (drawn["site"] == "north").all()
    assert (drawn["age"] >= 30).all()
    assert (drawn["city"] == "Bonn").all()
    told = model.sample(300, given=["city=Bonn"], random_state=0)
    assert 0.5 < (told["site"] == "south").mean() < 0.85
    with pytest.raises(InputError, match="COLUMN=VALUE"):
        model.sample(5, given="site != north")
    with pytest.raises(InputError, match="one value"):
        model.sample(5, given={"site": ["north", "south"]})
