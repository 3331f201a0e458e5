"""Every model and objective answers every question."""

import numpy as np
import pytest

import evenvae
from evenvae import IWAE, DReG, InputError
from evenvae.tables import hide_cells
from support import fast, people

KINDS = {
    "iwae": {"objective": IWAE(4)},
    "dreg": {"objective": DReG(4), "balance": "gradnorm+graddrop"},
    "hivae": {"model": "hivae", "network__components": 4},
}


@pytest.fixture(scope="module")
def frame():
    return people()


@pytest.fixture(scope="module", params=KINDS)
def fitted(request, frame):
    return fast(epochs=20, **KINDS[request.param], schema={"grade": "ordinal"}).fit(frame)


def test_it_trains(fitted):
    losses = [entry["loss"][0] for entry in fitted.history_]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_shapes_and_types_come_back(fitted, frame):
    coordinates = fitted.fitted_.plan.network.representation_size
    latent = fitted.transform(frame)
    assert latent.shape == (240, coordinates) == (240, len(fitted.get_feature_names_out()))
    tables = [fitted.reconstruct(frame), fitted.sample(11, random_state=1), fitted.impute(frame)]
    for table in (*tables, fitted.inverse_transform(latent)):
        assert list(table.columns) == list(frame.columns)
        for name in frame.columns:
            assert str(table[name].dtype) == str(frame[name].dtype), name
    assert set(tables[1]["grade"].dropna()) <= {"low", "mid", "high"}


def test_imputation_touches_holes_alone(fitted, frame):
    for filled in (fitted.impute(frame, method="importance"), *fitted.impute(frame, draws=2)):
        assert not filled.isna().any().any()
        kept = frame.notna()
        assert (filled.astype(object).where(kept).fillna(0) == frame.astype(object).where(kept).fillna(0)).all().all()


def test_scores_come_with_their_error(fitted, frame):
    few, many = (fitted.score_samples(frame[:40], samples=n, return_details=True) for n in (16, 1024))
    for details, n in ((few, 16), (many, 1024)):
        assert np.isfinite(details["total"]).all()
        assert ((details["effective_samples"] >= 1 - 1e-4) & (details["effective_samples"] <= n + 1e-2)).all()
    assert many["standard_error"].mean() < few["standard_error"].mean()
    # the two estimates differ by no more than their errors allow
    error = np.hypot(few["standard_error"], many["standard_error"])
    assert (np.abs(few["total"] - many["total"]) < 6 * error + 0.2).mean() > 0.9


def test_rows_are_scored_up_to_a_tolerance(fitted, frame):
    details = fitted.score_samples(frame[:40], return_details=True, tolerance=0.15)
    assert (details["standard_error"] <= 0.15).mean() > 0.9
    assert ((details["samples"] >= 256) & (details["samples"] % 256 == 0)).all()
    assert details["reliable"][details["standard_error"] <= 0.15].all()
    assert details["columns"].shape == (40, len(fitted.schema_.features))
    many = fitted.score_samples(frame[:40], samples=4096)
    assert np.median(details["total"] - many) == pytest.approx(0, abs=0.15)
    alone = fitted.score_samples(frame.iloc[[17]], tolerance=0.15)[0]
    assert alone == pytest.approx(details["total"][17], rel=1e-3)


def test_an_answer_does_not_depend_on_the_rows_beside_it(fitted, frame):
    together = fitted.transform(frame)
    np.testing.assert_allclose(fitted.transform(frame.iloc[[17]])[0], together[17], rtol=2e-4, atol=1e-5)
    alone = fitted.score_samples(frame.iloc[[17]])[0]
    assert alone == pytest.approx(fitted.score_samples(frame)[17], rel=1e-4)


def test_saving_and_loading(fitted, frame, tmp_path):
    fitted.save(tmp_path / "model")
    again = evenvae.load(tmp_path / "model")
    np.testing.assert_array_equal(again.transform(frame), fitted.transform(frame))
    np.testing.assert_array_equal(again.score_samples(frame[:20]), fitted.score_samples(frame[:20]))


def test_seen_and_hidden_cells_are_told_apart(fitted, frame):
    result = fitted.evaluate(frame, hide=0.3, random_state=1)
    assert {"error", "hidden_error", "hidden_baseline", "hidden_ratio"} <= set(result.columns)
    assert np.isfinite(result["hidden_error"]).all()
    assert result.attrs["hidden_error"] == pytest.approx(result["hidden_error"].mean())
    again = fitted.evaluate(frame, hide=0.3, random_state=1)
    assert again.equals(result)
    assert "hidden_error" not in fitted.evaluate(frame)


def test_holes_in_training_are_no_obstacle(frame):
    schema = evenvae.Schema.infer(frame, overrides={"grade": "ordinal"})
    hidden = np.random.default_rng(0).random((len(frame), len(schema.features))) < 0.5
    holes = hide_cells(frame, hidden, schema)
    model = fast(model="hivae", balance="none", purpose="impute", schema=schema).fit(holes)
    assert np.isfinite(model.score(frame))
    filled = model.impute(holes)
    assert not filled.isna().any().any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "hivae", "objective": "iwae"}, "model='vae'"),
        ({"model": "hi-vae"}, "hivae"),
        ({"objective": "geco", "objective__beta": 0.5}, "beta"),
        ({"objective": "miwae"}, "dreg"),
        ({"objective__samples": 0}, "samples"),
        ({"objective__samples": 2.5}, "samples"),
        ({"model": "hivae", "network__components": 0}, "components"),
        ({"schema": {"city": "ordnial"}}, "ordinal"),
    ],
)
def test_wrong_options_are_told(frame, options, words):
    with pytest.raises(InputError, match=words):
        fast(**options).fit(frame)


def test_what_hide_takes(fitted, frame):
    with pytest.raises(InputError, match="below 1"):
        fitted.evaluate(frame, hide=1.0)


@pytest.mark.parametrize(
    ("options", "balance"),
    [
        ({}, "power-norm[gamma=0.5]"),
        ({"preset": "paper"}, "gradnorm+pcgrad"),
        ({"model": "hivae"}, "gradnorm"),
        ({"purpose": "impute"}, "none"),
        ({"objective": "geco"}, "none"),
        ({"balance": "upgrad"}, "upgrad"),
    ],
)
def test_what_auto_balances_by(frame, options, balance):
    # what a fit trains with, not what a helper says: the helper was right when the fit was wrong
    model = fast(epochs=0.1, **options).fit(frame)
    assert model.fitted_.plan.balance == balance
    assert model.fitted_.plan.method.balancer.name == balance
