"""Rows that count more, less, or not at all."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from evenvae import DReG, EvenImputer, EvenVAE, InputError
from evenvae.fitted import fitting
from evenvae.fitted.rows import TableRows
from evenvae.options import Options
from evenvae.training import expand_by_weight, nonzero_rows
from support import FAST, fast, people


@pytest.fixture(scope="module")
def table():
    """A number and a level that depend on each other; the second half comes from elsewhere."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 1, 150), rng.normal(6, 0.5, 150)])
    return pd.DataFrame({"x": x, "y": x + rng.normal(0, 0.3, 300), "level": np.where(rng.random(300) < 0.2, "a", "b")})


# families are chosen by the rows as they are, whatever they weigh
SEEN = {"epochs": 40, "schema": {"x": "normal", "y": "normal"}}


def test_rows_of_weight_zero_are_as_if_absent(table):
    weight = np.where(np.arange(300) % 3 == 0, 0.0, 1 + np.arange(300) % 2)
    strange = table.copy()
    strange.loc[weight == 0, ["x", "y"]] = 1e6
    strange.loc[weight == 0, "level"] = "never"
    there = weight > 0
    one = EvenVAE(**FAST).fit(strange, sample_weight=weight)
    two = EvenVAE(**FAST).fit(table[there], sample_weight=weight[there])
    assert one.schema_.to_dict() == two.schema_.to_dict()
    assert one.history_ == two.history_
    np.testing.assert_array_equal(one.transform(table), two.transform(table))


def test_equal_weights_and_their_scale_change_nothing(table):
    fitted = [
        EvenVAE(**FAST).fit(table, sample_weight=weight).transform(table)
        for weight in (None, np.full(300, 7.0), np.arange(300) + 1, 2.0**40 * (np.arange(300) + 1))
    ]
    np.testing.assert_array_equal(fitted[0], fitted[1])
    np.testing.assert_array_equal(fitted[2], fitted[3])
    assert not np.array_equal(fitted[0], fitted[2])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"purpose": "score"},
        pytest.param({"objective": "geco"}, marks=pytest.mark.slow),
        pytest.param({"objective": DReG(5)}, marks=pytest.mark.slow),
        pytest.param({"model": "hivae", "epochs": 200}, marks=pytest.mark.slow),
        pytest.param({"prior": "vamp"}, marks=pytest.mark.slow),
    ],
)
def test_whole_weights_do_what_repeated_rows_do(table, options):
    weight = np.where(np.arange(300) < 150, 1, 4)
    weighted = fast(**{**SEEN, **options}).fit(table, sample_weight=weight)
    repeated = fast(**{**SEEN, **options}).fit(table.loc[np.repeat(np.arange(300), weight)])
    plain = fast(**{**SEEN, **options}).fit(table)
    for name in ("center", "scale"):
        of = lambda model, name=name: np.concatenate([getattr(scale, name) for scale in model.fitted_.space.scales])
        np.testing.assert_allclose(of(weighted), of(repeated), rtol=2e-3)
    # 4 of 5 rows come from the second half; 0.08 is three standard errors of a share among 400 draws, twice over
    share = lambda model: (model.sample(400, random_state=0)["x"] > 4).mean()
    assert abs(share(weighted) - share(repeated)) < 0.12
    if options.get("model") != "hivae":
        # the components of HI-VAE's prior are equally likely, whatever share of the rows they stand for
        assert abs(share(weighted) - 0.8) < 0.15
    assert share(weighted) > share(plain) + 0.1


def test_constants_follow_the_weights():
    weight = nonzero_rows(np.array([1.0, 0.0, 5.0, 2.0, 1e-9]), 5)[1]
    counts = np.bincount(expand_by_weight(weight, 1))
    assert counts.min() == 1
    np.testing.assert_allclose(counts[:3] / counts.sum(), weight[:3] / weight.sum(), atol=1 / 32)
    assert expand_by_weight(None, 1) == slice(None)


def test_scores_are_weighted(table):
    model = EvenVAE(**FAST).fit(table)
    weight = np.arange(300) % 4
    details = model.score_samples(table, tolerance=0.02, return_details=True)
    assert details["reliable"].all()
    expected = np.average(details["total"], weights=weight)
    # a score is known to a few hundredths of a nat, and what the weights change is far more
    assert model.score(table, sample_weight=weight) == pytest.approx(expected, abs=0.05)
    extreme = np.where(details["total"] > np.median(details["total"]), 1.0, 0.0)
    assert model.score(table, sample_weight=extreme) > model.score(table) + 0.2
    assert model.score(table, sample_weight=np.ones(300)) == pytest.approx(model.score(table))


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.ones(3), "shape"),
        (np.ones((300, 1)), "shape"),
        (-np.ones(300), "at least 0"),
        (np.r_[np.ones(299), np.nan], "row 299"),
        (np.r_[np.inf, np.ones(299)], "finite"),
        (np.zeros(300), "zero"),
        (["heavy"] * 300, "not a number"),
    ],
)
def test_wrong_weights_are_told(table, weight, words):
    for estimator in (EvenVAE(**FAST), EvenImputer(EvenVAE(**FAST))):
        with pytest.raises(InputError, match=words):
            estimator.fit(table, sample_weight=weight)


def test_a_single_row_of_any_weight_is_too_few(table):
    with pytest.raises(InputError, match="at least 2"):
        EvenVAE(**FAST).fit(table, sample_weight=np.arange(300) == 5)


def test_a_checkpoint_knows_its_weights(table, tmp_path):
    weight = 1 + np.arange(300) % 2
    model = EvenVAE(**FAST).fit(table, sample_weight=weight, checkpoint=tmp_path)
    again = EvenVAE(**FAST).fit(table, sample_weight=3 * weight, checkpoint=tmp_path, resume=True)
    np.testing.assert_array_equal(model.transform(table), again.transform(table))
    with pytest.raises(InputError, match="checkpoint"):
        EvenVAE(**FAST).fit(table, sample_weight=weight[::-1], checkpoint=tmp_path, resume=True)


def test_pipelines_and_searches_pass_weights_on(table):
    numbers = table[["x", "y"]]
    weight = np.where(np.arange(300) < 150, 1.0, 4.0)
    alone = EvenVAE(**FAST).fit(numbers, sample_weight=weight)
    pipeline = make_pipeline("passthrough", EvenVAE(**FAST)).fit(numbers, evenvae__sample_weight=weight)
    np.testing.assert_array_equal(alone.transform(numbers), pipeline[-1].transform(numbers))
    with sklearn.config_context(enable_metadata_routing=True):
        asked = EvenVAE(**FAST).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(asked, {"latent_size": [2]}, cv=2).fit(numbers, sample_weight=weight)
    best = EvenVAE(**{**FAST, "latent_size": 2}).fit(numbers, sample_weight=weight)
    np.testing.assert_array_equal(search.best_estimator_.transform(numbers), best.transform(numbers))


def test_imputing_follows_the_weights(table):
    holes = table.copy()
    holes.loc[::5, "x"] = np.nan
    weight = np.where(np.arange(300) % 3 == 0, 0.0, 1.0)
    one = EvenImputer(EvenVAE(**FAST)).fit(holes, sample_weight=weight)
    two = EvenImputer(EvenVAE(**FAST)).fit(holes[weight > 0])
    pd.testing.assert_frame_equal(one.transform(holes), two.transform(holes))


def test_weights_go_with_tasks_and_ensembles():
    frame = people()
    weight = np.where(frame["city"] == "Bonn", 5.0, 1.0)
    known = frame["city"].notna()
    frame, weight = frame[known], weight[known]
    model = fast(task="city", ensemble=2, training__bootstrap=True).fit(frame, sample_weight=weight)
    wanted = weight[frame["city"] == "Bonn"].sum() / weight.sum()
    drawn = (model.sample(1000, random_state=0)["city"] == "Bonn").mean()
    assert abs(drawn - wanted) < 4 * np.sqrt(0.25 / 1000)


def test_a_bootstrap_gives_every_member_rows_of_its_own(table):
    options = Options.of(fast(ensemble=2, training__bootstrap=True).get_params(deep=False))
    encoded, weight, schema = fitting.read(options, table)
    prepared = fitting.begin(options, TableRows(encoded, schema, weight)).runs
    one, two = (stream.shares for stream in prepared.streams)
    assert not np.allclose(one[:50], two[:50])
    # exponential weights have a standard deviation of 1
    assert abs(one.std() - 1) < 0.3
    assert np.asarray(prepared.validation.weight).std() > 0.5
