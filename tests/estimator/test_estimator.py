"""EvenVAE as its user meets it: what goes in comes out, what is asked is answered."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import evenvae
from evenvae import EvenVAE, InputError, TableWarning
from support import FAST, fast, people


@pytest.fixture(scope="module")
def frame():
    return people()


@pytest.fixture(scope="module")
def fitted(frame):
    return EvenVAE(**FAST).fit(frame)


def test_shapes_and_types_come_back(fitted, frame):
    assert fitted.transform(frame).shape == (240, 3)
    for table in (fitted.reconstruct(frame), fitted.sample(11, random_state=1), fitted.impute(frame)):
        assert list(table.columns) == list(frame.columns)
        for name in frame.columns:
            assert str(table[name].dtype) == str(frame[name].dtype), name
    assert len(fitted.sample(11)) == 11
    assert fitted.score_samples(frame).shape == (240,)
    assert np.isfinite(fitted.score(frame))


def test_imputation_fills_holes_and_touches_nothing_else(fitted, frame):
    filled = fitted.impute(frame)
    assert not filled.isna().any().any()
    for name in frame.columns:
        kept = frame[name].notna()
        pd.testing.assert_series_equal(filled.loc[kept, name], frame.loc[kept, name])


def test_draws_differ_in_the_holes_alone(fitted, frame):
    draws = fitted.impute(frame, draws=5, random_state=3)
    assert len(draws) == 5
    assert len({float(draw.loc[3, "income"]) for draw in draws}) > 1
    pd.testing.assert_series_equal(draws[0]["age"], frame["age"])
    again = fitted.impute(frame, draws=5, random_state=3)
    pd.testing.assert_frame_equal(draws[4], again[4])


def test_samples_keep_levels_bounds_and_whole_numbers(fitted, frame):
    sampled = fitted.sample(500, random_state=0)
    assert set(sampled.city) <= {"Aachen", "Bonn", "Celle"}
    assert sampled.age.between(frame.age.min(), frame.age.max()).all()
    assert (sampled.income.round(2) == sampled.income).all()
    pd.testing.assert_frame_equal(sampled, fitted.sample(500, random_state=0))


def test_sampling_leaves_the_global_random_state_alone(fitted):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fitted.sample(3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_evaluate_has_a_row_a_column_and_the_baseline(fitted, frame):
    result = fitted.evaluate(frame)
    assert list(result.column) == list(frame.columns)
    city = result.set_index("column").loc["city"]
    seen = frame.city.dropna()
    assert city.baseline == pytest.approx((seen != seen.mode()[0]).mean())
    age = result.set_index("column").loc["age"]
    spread = np.sqrt(((frame.age - frame.age.mean()) ** 2).mean()) / (frame.age.max() - frame.age.min())
    assert age.baseline == pytest.approx(spread, rel=1e-6)
    assert result.attrs["error"] == pytest.approx(result.error.mean())
    assert result.attrs["worst_ratio"] == pytest.approx(result.ratio.max())


def test_evaluate_and_score_agree_on_the_log_likelihood(fitted, frame):
    found = fitted.evaluate(frame).attrs
    assert found["log_likelihood"] == pytest.approx(fitted.score(frame), rel=1e-12)
    assert 0 <= found["log_likelihood_error"] < 1
    assert 0 <= found["log_likelihood_reliable"] <= 1


def test_rows_count_in_a_score_by_their_weights(fitted, frame):
    weight = np.arange(len(frame)) % 3
    repeated = frame.loc[frame.index.repeat(weight)]
    assert fitted.score(frame, sample_weight=weight) == pytest.approx(fitted.score(repeated), abs=0.2)
    assert fitted.score(frame, sample_weight=np.full(len(frame), 7)) == pytest.approx(fitted.score(frame), rel=1e-9)


def test_evaluate_beside_another_model_says_which_columns_pay(fitted, frame):
    other = fast(epochs=1, balance="none").fit(frame)
    result = fitted.evaluate(frame, beside=other)
    np.testing.assert_allclose(result["regret"], result["error"] / other.evaluate(frame)["error"])
    assert result.attrs["worst_regret"] == result["regret"].max()
    assert result.attrs["worst_regret_column"] == result.loc[result["regret"].idxmax(), "column"]
    gain = fitted.score(frame) - other.score(frame)
    assert result.attrs["log_likelihood_gain"] == pytest.approx(gain, rel=1e-9)
    itself = fitted.evaluate(frame, beside=fitted)
    np.testing.assert_array_equal(itself["regret"], 1)
    with pytest.raises(InputError, match="city"):
        fitted.evaluate(frame, beside=fast(epochs=1).fit(frame.drop(columns="city")))


def test_saved_and_loaded_answers_the_same(fitted, frame, tmp_path):
    path = tmp_path / "people.evenvae"
    fitted.save(path)
    loaded = evenvae.load(path)
    np.testing.assert_array_equal(loaded.transform(frame), fitted.transform(frame))
    np.testing.assert_array_equal(loaded.score_samples(frame), fitted.score_samples(frame))
    pd.testing.assert_frame_equal(loaded.impute(frame), fitted.impute(frame))
    pd.testing.assert_frame_equal(loaded.sample(20, random_state=2), fitted.sample(20, random_state=2))
    assert loaded.get_params()["epochs"] == 4


def test_a_model_file_holds_no_rows(fitted, frame, tmp_path):
    path = tmp_path / "people.evenvae"
    fitted.save(path)
    content = path.read_bytes()
    for income in frame.income.dropna()[:50]:
        # the extreme values are the column's bounds, which the schema says openly
        if income not in (frame.income.min(), frame.income.max()):
            assert str(income).encode() not in content


@pytest.mark.parametrize("damage", ["cut", "flipped", "pickle", "absent"])
def test_a_damaged_model_file_is_refused(fitted, tmp_path, damage):
    path = tmp_path / "people.evenvae"
    fitted.save(path)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[-5] ^= 1
        path.write_bytes(content)
    elif damage == "pickle":
        path.write_bytes(b"\x80\x04K\x01.")
    else:
        path.unlink()
    with pytest.raises(InputError):
        evenvae.load(path)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_libraries_get_their_own_kind_back(frame, fitted, library):
    table = pl.from_pandas(frame) if library == "polars" else pa.Table.from_pandas(frame, preserve_index=False)
    model = EvenVAE(**FAST).fit(table)
    for answer in (model.sample(5), model.impute(table), model.reconstruct(table)):
        assert type(answer) is type(table)
    assert list(model.sample(5).to_pandas().columns) == list(frame.columns)


def test_arrays_of_numbers():
    X = np.random.default_rng(0).normal(size=(100, 4))
    X[3, 2] = np.nan
    model = EvenVAE(**FAST).fit(X)
    assert isinstance(model.sample(3), np.ndarray)
    filled = model.impute(X)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    with pytest.raises(InputError, match="features"):
        model.transform(X[:, :3])


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": np.linspace(-1, 1, 60)}),
        pd.DataFrame({"a": ["x", "y", "z"] * 20}),
        pd.DataFrame({"a": ["x", "y", "z"] * 20, "b": ["u", "v"] * 30}),
        pd.DataFrame({"a": np.arange(-30, 30) / 7, "b": np.exp(np.arange(60) / 9)}),
    ],
    ids=["one number", "one level", "all levels", "all numbers"],
)
@pytest.mark.parametrize("purpose", ["reconstruct", "impute", "score", "sample"])
def test_plain_tables_train(table, purpose):
    model = EvenVAE(**FAST, purpose=purpose).fit(table)
    assert np.isfinite(model.score(table))
    assert len(model.sample(4)) == 4


def test_unseen_levels_are_missing_and_said(fitted, frame):
    strange = frame.head(4).copy()
    strange.loc[0, "city"] = "Dresden"
    with pytest.warns(TableWarning, match="Dresden"):
        scores = fitted.score_samples(strange)
    assert np.isfinite(scores).all()


def test_an_ensemble_averages_its_members(frame):
    model = EvenVAE(**FAST, ensemble=2).fit(frame)
    assert len(model.fitted_.members) == 2
    assert np.isfinite(model.score(frame))
    assert not model.impute(frame).isna().any().any()
    details = model.score_samples(frame, return_details=True)
    assert details["columns"].shape == (240, 7)


def test_thousands_of_levels_train():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"code": rng.integers(0, 3000, 9000).astype(str), "x": rng.normal(size=9000)})
    model = EvenVAE(**{**FAST, "epochs": 0.2}, schema={"code": "categorical"}).fit(table)
    assert np.isfinite(model.score(table.head(50)))


def test_a_schema_by_name_changes_what_a_column_is(frame):
    model = EvenVAE(**FAST, schema={"age": "normal"}).fit(frame)
    assert model.schema_["age"].likelihood == "normal"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": -1}, "epochs=-1"),
        ({"balance": "imtlg"}, "imtl-g"),
        ({"purpose": "guess"}, "reconstruct"),
        ({"ensemble": 0}, "ensemble"),
        ({"validation_fraction": 1.5}, "validation_fraction"),
        ({"prior": "wamp"}, "standard"),
        ({"model": "gan"}, "vae"),
        ({"preset": "fast"}, "paper"),
        ({"training__hide_cells": 2}, "training.hide_cells"),
        ({"network__width": 0}, "network.width=0"),
        ({"network__width": True}, "network.width=True"),
        ({"network__sight": "maybe"}, "network.sight='maybe' must be True or False"),
        ({"training__bootstrap": 3}, "training.bootstrap=3"),
        ({"network__sight": True, "task": "city"}, "network.sight=True is for tables without tasks"),
        ({"network__sight": True, "objective": "iwae"}, "network.sight=True needs objective='elbo'"),
        ({"network__point_heads": True, "objective": "geco"}, "network.point_heads=True needs objective='elbo'"),
        ({"sampling__rounds": 0}, "sampling.rounds=0"),
        ({"network": "deep"}, "residual"),
        ({"training": 3}, "Training"),
        ({"hidden_size": 8}, "network.width"),
        ({"learning_rate": 0.1}, "training.learning_rate"),
        ({"latent_sise": 3}, "latent_size"),
        ({"objective__gain": 1}, "gain"),
        ({"schema": {"agee": "normal"}}, "age"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(frame, options, words):
    with pytest.raises(InputError) as caught:
        fast(**options).fit(frame)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_tables_are_refused():
    model = EvenVAE(**FAST)
    with pytest.raises(InputError, match="1 row"):
        model.fit(pd.DataFrame({"a": [1.5], "b": ["x"]}))
    with pytest.raises(InputError, match="twice"):
        model.fit(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]))
    with pytest.raises(InputError, match="No column is left"):
        model.fit(pd.DataFrame({"a": [1, 1, 1], "b": [None, None, None]}))


def test_an_unfitted_model_says_so(frame):
    with pytest.raises(NotFittedError, match="fit"):
        EvenVAE().transform(frame)


def test_clone_and_seed(frame, fitted):
    again = clone(fitted).fit(frame)
    np.testing.assert_array_equal(again.transform(frame), fitted.transform(frame))
    other = EvenVAE(**FAST, random_state=1).fit(frame)
    assert np.abs(other.transform(frame) - fitted.transform(frame)).max() > 1e-3


def test_ctrl_c_keeps_what_was_learned(frame):
    def interrupt(progress):
        raise KeyboardInterrupt

    model = EvenVAE(**{**FAST, "epochs": 100}).fit(frame, callbacks=(interrupt,))
    assert model.interrupted_
    assert np.isfinite(model.score(frame))


def test_the_paper_preset_trains(frame):
    model = EvenVAE(preset="paper", epochs=2).fit(frame)
    assert model.fitted_.plan.network.kind == "paper"
    assert model.fitted_.plan.network.width == 50
    assert np.isfinite(model.evaluate(frame).error).all()


def test_jax_settings_are_left_alone(frame):
    import jax

    before = jax.config.jax_enable_x64
    EvenVAE(**FAST, balance="imtl-g+pcgrad").fit(frame)
    assert jax.config.jax_enable_x64 == before
