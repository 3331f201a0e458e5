"""Rows chosen among drawn ones: nearer to the table's distribution, each once, and under every condition and rule."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import evenvae
from evenvae import InputError, Sampling
from evenvae.fitted import growing, polish, polishing
from evenvae.fitted.polish import Polish
from evenvae.fitted.trees import Trees
from evenvae.tables import encode
from support import fast, people

pytestmark = pytest.mark.usefixtures("small_draws")


def ring(rows=1500, seed=0, holes=0.0):
    """Two numbers on a ring and a level that follows them, which a small model draws badly."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, rows)
    x, y = (5 * turn(angle) + rng.normal(0, 0.3, rows) for turn in (np.cos, np.sin))
    frame = pd.DataFrame({"x": x.round(2), "y": y.round(2), "side": np.where(x > 0, "right", "left")})
    return frame.mask(rng.random(frame.shape) < holes)


def model(**options):
    return fast(
        **{"purpose": "sample", "sampling": Sampling(numbers="family", rounds=1, polish=4), "epochs": 6} | options
    )


@pytest.fixture(scope="module")
def fitted():
    return model().fit(ring())


@pytest.fixture(scope="module")
def plain():
    return model(sampling=Sampling(numbers="family", rounds=1)).fit(ring())


def off_the_ring(rows):
    return float((np.hypot(rows["x"], rows["y"]) - 5).abs().mean())


def test_kept_rows_are_more_like_the_table_s(fitted, plain):
    drawn, own = fitted.sample(1000, random_state=0), plain.sample(1000, random_state=0)
    assert len(drawn) == 1000
    assert off_the_ring(drawn) < 0.85 * off_the_ring(own)
    assert np.mean((drawn["x"] > 0) == (drawn["side"] == "right")) > 0.99


def test_the_network_is_the_same_and_so_is_all_but_what_is_drawn(fitted, plain):
    assert fitted.history_ == plain.history_
    np.testing.assert_array_equal(fitted.score_samples(ring(20)), plain.score_samples(ring(20)))
    assert plain.fitted_.polish is None
    assert "trees keep one of 4 drawn rows" in fitted.card()
    assert "drawn rows" not in plain.card()


def test_conditions_and_rules_hold(fitted):
    drawn = fitted.sample(60, given={"side": "left"}, rules=["x > y"], random_state=0)
    assert len(drawn) == 60
    assert (drawn["side"] == "left").all()
    assert (drawn["x"] > drawn["y"]).all()
    assert len(fitted.sample(1, random_state=0)) == 1


def test_a_saved_model_draws_the_same_rows_without_the_library_that_grew_the_trees(fitted, tmp_path, monkeypatch):
    fitted.save(tmp_path / "model.evenvae")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    again = evenvae.load(tmp_path / "model.evenvae")
    assert again.sample(100, random_state=3).equals(fitted.sample(100, random_state=3))
    assert again.sampling.polish == 4
    again.save(tmp_path / "again.evenvae")
    assert (tmp_path / "again.evenvae").read_bytes() == (tmp_path / "model.evenvae").read_bytes()


def test_holes_tasks_and_weights():
    table = ring(600, holes=0.2)
    weight = np.tile([1.0, 0.2], 300)
    holed = model(epochs=2).fit(table, sample_weight=weight)
    assert not holed.sample(50, random_state=0).isna().any().any()
    assert holed.sample(400, missing=True, random_state=0).isna().mean().between(0.1, 0.3).all()
    tasked = model(epochs=2, task="side").fit(ring(600))
    assert (tasked.sample(30, given={"side": "left"}, random_state=0)["side"] == "left").all()


def test_the_same_seed_grows_the_same_trees(plain):
    rows = fitting_rows(plain)
    one, other = (polishing.grown(plain.fitted_, rows) for _ in range(2))
    assert np.array_equal(one.value, other.value)
    assert np.array_equal(one.threshold, other.threshold)


def fitting_rows(estimator):
    from evenvae.fitted.rows import TableRows

    return TableRows(encode(ring(), estimator.schema_), estimator.schema_, None)


# the choice itself


def stump(odds: float) -> Trees:
    """A tree that adds ``odds`` where the first number is above 0."""
    below = {"leaf_value": 0.0}
    node = {"split_feature": 0, "threshold": 0.0, "default_left": True, "missing_type": "NaN"}
    return Trees.of_lightgbm([node | {"left_child": below, "right_child": {"leaf_value": odds}}], 1)


def test_rows_are_kept_in_proportion_to_their_odds(plain):
    rng = np.random.default_rng(0)
    values = encode(ring(4000), plain.schema_).values
    values[:, 0] = rng.choice([-1.0, 1.0], len(values))
    tasks = np.zeros((len(values), 0), np.int32)
    chosen = Polish(100.0, stump(np.log(3))).kept(values, tasks, plain.schema_, rng)
    assert np.array_equal(chosen, np.unique(chosen))
    assert len(chosen) in (40, 41)
    # of few among many three in four have threefold odds, as with replacement
    shares = [
        np.mean(values[Polish(100.0, stump(np.log(3))).kept(values, tasks, plain.schema_, rng), 0] > 0)
        for _ in range(25)
    ]
    assert np.mean(shares) == pytest.approx(0.75, abs=0.05)
    # nothing is known of rows that no tree tells apart
    alike = Polish(2.0, stump(0.0)).kept(values, tasks, plain.schema_, rng)
    assert stats.binomtest(int((values[alike, 0] > 0).sum()), len(alike), np.mean(values[:, 0] > 0)).pvalue > 0.001
    assert len(Polish(2.0, stump(0.0)).kept(values[:0], tasks[:0], plain.schema_, rng)) == 0


def test_odds_count_as_far_as_they_are_confirmed():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 2, 20_000)
    truth = rng.random(len(odds)) < 1 / (1 + np.exp(-0.5 * odds))
    weight = np.ones(len(odds))
    assert polishing.confirmed(odds, truth, weight) == pytest.approx(0.5, abs=0.03)
    assert polishing.confirmed(odds, ~truth, weight) < 0.01
    assert polishing.confirmed(odds, rng.random(len(odds)) < 0.5, weight) < 0.03


# what is refused, and what is left undone


def test_what_does_not_go_together_is_refused(monkeypatch):
    for wrong in (1, 0.5, 11, "2", True, float("nan")):
        with pytest.raises(InputError, match=r"sampling\.polish=.* must be a number above 1, at most 10"):
            Sampling(polish=wrong)
    with pytest.raises(InputError, match="validation_fraction=0 leaves none"):
        model(validation_fraction=0).fit(ring(60))
    with pytest.raises(InputError, match=r"privacy\.epsilon cannot be kept with this sampling\.polish"):
        evenvae.EvenVAE(privacy=evenvae.Privacy(epsilon=8), schema="no.toml", sampling=Sampling(polish=2)).fit(people())
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(InputError, match=r"sampling.polish needs LightGBM: pip install 'evenvae\[trees\]'"):
        model().fit(ring(60))


def test_images_are_refused():
    images = pd.DataFrame({"image": list(np.random.default_rng(0).integers(0, 255, (40, 4, 4), np.uint8))})
    with pytest.raises(InputError, match=r"sampling\.polish is for tables without images"):
        model(sampling=Sampling(polish=2)).fit(images)


def test_ctrl_c_leaves_a_whole_model(monkeypatch, plain):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(polishing, "grown", interrupted)
    left = polishing.with_polish(plain.fitted_, fitting_rows(plain), 2.0)
    assert left.polish is None
    assert left.record.interrupted
    # a model whose training was interrupted gets none
    assert polishing.with_polish(left, fitting_rows(plain), 2.0) is left


def test_a_small_table_is_left_without_and_says_so(caplog):
    small = model(epochs=1).fit(ring(60))
    assert small.fitted_.polish is None
    assert "sampling.polish is left out: the table has 6 held-out rows" in caplog.text
    assert len(small.sample(5, random_state=0)) == 5


def test_trees_that_do_not_fit_are_refused(fitted):
    tensors = polish.to_tensors(fitted.fitted_.polish)
    assert polish.to_tensors(polish.from_tensors(tensors, 3)).keys() == tensors.keys()
    assert polish.from_tensors({}, 3) is None
    with pytest.raises(InputError, match="trees that do not fit its columns"):
        polish.from_tensors(tensors, 1)
    with pytest.raises(InputError, match=r"0\.5 rows are drawn for a row"):
        polish.from_tensors(tensors | {"polish.times": np.array([0.5])}, 3)
    assert growing.require("sampling.polish").__name__ == "lightgbm"
