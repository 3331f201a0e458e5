"""Trees that refine imputations: better where cells jump, never worse than left out, and data like the model itself."""

import sys

import jax
import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import EvenImputer, Imputation, InputError
from evenvae.fitted import fitting, growing
from evenvae.fitted.imputation import impute
from evenvae.io import tensors as tensor_files
from evenvae.io.watching import watched
from evenvae.tables import encode
from support import fast, people

TREES = Imputation(refine="trees")


def steps(rows=1200, seed=0, holes=0.1):
    """A number and a level that jump with ``place``, and one of noise; a share of the cells is missing."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 8, rows)
    stair = np.array([0.0, 9.0, 2.0, 7.0, 1.0, 8.0, 3.0, 6.0])[place.astype(int)] + rng.normal(0, 0.01, rows)
    level = np.array(["a", "b", "c"])[place.astype(int) % 3]
    frame = pd.DataFrame({"place": place, "stair": stair, "level": level, "noise": rng.normal(size=rows)})
    return frame.mask(rng.random(frame.shape) < holes)


def model(**options):
    return fast(**{"purpose": "impute", "imputation": TREES, "epochs": 10, **options})


@pytest.fixture(scope="module")
def frame():
    return steps()


@pytest.fixture(scope="module")
def fitted(frame):
    return model().fit(frame)


@pytest.fixture(scope="module")
def plain(frame):
    return fast(purpose="impute", epochs=10).fit(frame)


def errors(estimator, table):
    return estimator.evaluate(table, hide=0.2).set_index("column")["hidden_error"]


def test_what_jumps_is_guessed_better(fitted, plain):
    table = steps(seed=1)
    refined, own = errors(fitted, table), errors(plain, table)
    assert refined["stair"] < 0.7 * own["stair"]
    assert refined["level"] < 0.7 * own["level"]
    assert {"stair", "level"} <= set(fitted.refined_)
    assert all(0 < weight <= 1 for weight in fitted.refined_.values())
    assert refined["noise"] < 1.05 * own["noise"]
    assert plain.refined_ == {}


def test_a_model_that_was_not_trained_to_impute_and_an_ensemble_are_refined_too():
    train, table, truth = steps(600), steps(600, seed=1), steps(600, seed=1, holes=0)
    for options in ({"purpose": "reconstruct"}, {"ensemble": 2}):
        refined = model(epochs=2, **options).fit(train)
        assert "stair" in refined.refined_
        own = "point" if "ensemble" in options else "importance"
        apart = lambda filled: (filled["stair"] - truth["stair"])[table["stair"].isna()].abs().mean()
        assert apart(refined.impute(table)) < 0.8 * apart(refined.impute(table, method=own))


def test_rows_of_any_number_are_asked_by_the_programs_that_were_compiled_for_others(fitted, frame):
    compiled = []

    def listen(event, duration, **named):
        del duration, named
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(event)

    fitted.impute(frame.head(30))
    fitted.impute(frame.head(30), draws=2)
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        fitted.impute(frame.head(41))
        fitted.impute(frame.head(41), draws=2)
        assert not compiled
        jax.jit(lambda x: x * 3.25)(1.5)
        assert compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_the_network_is_the_same_and_so_is_all_but_the_best_guess(fitted, plain, frame):
    assert fitted.history_ == plain.history_
    np.testing.assert_array_equal(fitted.transform(frame), plain.transform(frame))
    for one, other in zip(fitted.impute(frame, draws=3), plain.impute(frame, draws=3), strict=True):
        pd.testing.assert_frame_equal(one, other)
    for method in ("point", "importance", "mode"):
        pd.testing.assert_frame_equal(fitted.impute(frame, method=method), plain.impute(frame, method=method))
    assert not fitted.impute(frame).equals(plain.impute(frame))


def test_observed_cells_stay(fitted, frame):
    filled = fitted.impute(frame)
    assert not filled.isna().any().any()
    pd.testing.assert_frame_equal(filled.where(frame.notna()), frame)


def test_a_column_without_trees_keeps_its_guess_bit_for_bit(fitted, plain, frame):
    encoded = encode(frame, plain.schema_)
    stair = tuple(column for column in fitted.fitted_.refinement if column.place == list(frame).index("stair"))
    assert len(stair) == 1
    some = fitted.fitted_.replaced(refinement=stair)
    batch = some.batch(encoded)
    (ours,), (theirs,) = impute(some, batch), impute(plain.fitted_, batch)
    rest = [place for place, name in enumerate(frame) if name != "stair"]
    np.testing.assert_array_equal(ours[:, rest], theirs[:, rest])
    assert not np.array_equal(ours, theirs, equal_nan=True)


def test_a_row_by_itself_gets_the_answer_that_it_gets_among_others(fitted, frame):
    _, (whole,) = fitted.impute_values(frame)
    rows = np.flatnonzero(frame.isna().any(axis=1))[:3]
    for row in rows:
        _, (alone,) = fitted.impute_values(frame.iloc[[row]])
        np.testing.assert_array_equal(alone[0], whole[row])


def test_one_file_holds_model_and_trees(fitted, frame, tmp_path, monkeypatch):
    fitted.save(tmp_path / "model.evenvae")
    # trees are asked without the library that grew them
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    loaded = evenvae.load(tmp_path / "model.evenvae")
    pd.testing.assert_frame_equal(loaded.impute(frame), fitted.impute(frame))
    assert loaded.refined_ == fitted.refined_
    assert loaded.imputation == TREES
    loaded.save(tmp_path / "again.evenvae")
    assert (tmp_path / "again.evenvae").read_bytes() == (tmp_path / "model.evenvae").read_bytes()


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [("feature", 0, 99), ("numbers", 0, 99), ("numbers", 1, 2.0), ("numbers", 4, 5), ("left", 0, -3)],
)
def test_a_file_with_trees_of_another_table_is_refused(fitted, tmp_path, name, place, value):
    fitted.save(tmp_path / "model.evenvae")
    tensors, metadata = tensor_files.read(tmp_path / "model.evenvae", "model", 2)
    tensors[f"refinement.0.{name}"][place] = value
    tensor_files.write(tmp_path / "other.evenvae", "model", 2, tensors, metadata)
    with pytest.raises(InputError, match="trees that do not fit"):
        evenvae.load(tmp_path / "other.evenvae")


def test_the_same_seed_gives_the_same_trees_whatever_the_threads(fitted, frame, monkeypatch):
    monkeypatch.setattr(growing, "threads", lambda: 3)
    encoded = encode(frame, fitted.schema_)
    again = growing.grown(fitted.fitted_, encoded)
    assert [(c.place, c.weight) for c in again] == [(c.place, c.weight) for c in fitted.fitted_.refinement]
    for one, other in zip(again, fitted.fitted_.refinement, strict=True):
        np.testing.assert_array_equal(one.trees.threshold, other.trees.threshold)
        np.testing.assert_array_equal(one.trees.value, other.trees.value)


def test_rows_of_weight_0_do_not_count(frame):
    extra = pd.concat([frame.head(400), frame.tail(300)])
    weight = np.repeat([1.0, 0.0], [400, 300])
    one = model(epochs=2).fit(extra, sample_weight=weight)
    other = model(epochs=2).fit(frame.head(400), sample_weight=np.ones(400))
    assert one.refined_ == other.refined_


@pytest.mark.parametrize("rows", [2, 20, 240])
def test_few_rows_and_odd_columns_do_not_fail(rows):
    table = people(max(rows, 20)).head(rows)
    table["one level"] = pd.Categorical(["a"] * rows)
    table["empty"] = np.nan
    table["almost"] = [1.0] * (rows - 1) + [np.nan]
    filled = model(epochs=1).fit(table).impute(table)
    assert not filled.drop(columns="empty").isna().any().any()


def test_columns_with_rare_levels_pooled_levels_and_tasks():
    rng = np.random.default_rng(0)
    site = rng.integers(0, 2, 600)
    frame = pd.DataFrame(
        {
            "site": np.array(["A", "B"])[site],
            "level": np.where(rng.random(600) < 0.02, [f"rare{i}" for i in range(600)], np.array(["x", "y"])[site]),
            "number": 10.0 * site + rng.normal(size=600),
        }
    )
    frame = frame.mask(rng.random(frame.shape) < [0.05, 0.1, 0.1])
    filled = model(task="site", epochs=3).fit(frame).impute(frame)
    assert not filled[["level", "number"]].isna().any().any()


def test_images_beside_numbers():
    rng = np.random.default_rng(0)
    bright = rng.uniform(size=200)
    images = [np.full((4, 4), b) for b in bright]
    frame = pd.DataFrame({"image": images, "bright": bright, "twice": 2 * np.round(4 * bright)})
    frame.loc[:20, "twice"] = np.nan
    fitted = model(epochs=2).fit(frame)
    assert "image" not in fitted.refined_
    assert not fitted.impute(frame)["twice"].isna().any()


def test_an_imputer_reaches_it(frame):
    imputer = EvenImputer(model()).set_params(estimator__epochs=1, estimator__imputation__refine="trees")
    imputer.fit(frame.head(300))
    assert imputer.estimator_.refined_


def test_evaluation_and_pilot(frame):
    both = fast(pilot=True, imputation=TREES, epochs=1).fit(frame.head(300))
    assert both.pilot_.refined_ == {}
    assert "regret" in both.evaluate(frame.head(300), hide=0.2)


def stop(*_):
    raise KeyboardInterrupt


def test_ctrl_c_keeps_the_model_and_resuming_grows_the_trees(frame, tmp_path, monkeypatch):
    table = frame.head(400)
    with monkeypatch.context() as patched:
        patched.setattr(growing, "_trees", stop)
        kept = model().fit(table, checkpoint=tmp_path)
    assert kept.interrupted_
    assert kept.refined_ == {}
    whole = model().fit(table)
    trained = []
    original = fitting.train
    monkeypatch.setattr(fitting, "train", lambda *a, **o: trained.append(original(*a, **o)) or trained[-1])
    resumed = model().fit(table, checkpoint=tmp_path, resume=True)
    assert not resumed.interrupted_
    assert resumed.refined_ == whole.refined_
    assert resumed.n_steps_ == whole.n_steps_


def test_growth_is_told_of(frame):
    seen = []
    fitted = fast(purpose="impute", epochs=1).fit(frame.head(300))
    with watched(lambda *told: seen.append(told)):
        growing.grown(fitted.fitted_, encode(frame.head(300), fitted.schema_))
    assert [told[1:] for told in seen if told[0] == "growing trees"] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_without_lightgbm_it_is_said_before_training(frame, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setattr(fitting, "train", lambda *_, **__: pytest.fail("it was trained before it was refused"))
    with pytest.raises(InputError, match=r"needs LightGBM: pip install 'evenvae\[trees\]'"):
        model().fit(frame)


def test_without_held_out_rows_it_is_refused(frame):
    with pytest.raises(InputError, match="validation_fraction=0 leaves none"):
        model(validation_fraction=0).fit(frame)


def test_numbers_beyond_all_measure_do_not_fail():
    frame = steps(300, holes=0.1)
    frame.loc[:5, "noise"] = [1e300, -1e300, 1e-300, 1e18, 0, 1]
    assert not model(epochs=1).fit(frame).impute(frame).isna().any().any()


@pytest.mark.slow
def test_hivae_and_histograms_are_refined(frame):
    for options in ({"model": "hivae"}, {"sampling__numbers": "histogram"}):
        fitted = model(epochs=1, **options).fit(frame)
        assert "stair" in fitted.refined_
        assert not fitted.impute(frame).isna().any().any()
