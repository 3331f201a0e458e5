"""Arguments of wrong type or size get one sentence that names them."""

import functools

import numpy as np
import pytest

from evenvae import EvenImputer, InputError
from support import fast

WHOLE = ("3", "a", 3.0, 1.5, True, None, 0, -1, [3])
SEEDS = ("a", 1.5, True, -1, [1, "a"])
SHARES = ("x", True, None, 1.5, 1, -0.1, np.nan)


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[3, 1] = np.nan
    return X


@pytest.fixture(scope="module")
def fitted(rows):
    return fast(epochs=1, validation_fraction=0).fit(rows)


CASES = [
    ("n", WHOLE, lambda m, X, v: m.sample(v)),
    ("draws", WHOLE, lambda m, X, v: m.impute(X, draws=v)),
    ("draws", WHOLE, lambda m, X, v: m.impute_values(X, draws=v)),
    ("samples", WHOLE, lambda m, X, v: m.impute(X, samples=v)),
    ("samples", WHOLE, lambda m, X, v: m.score_samples(X, samples=v)),
    ("tolerance", (0, -1, "a", float("nan"), [0.1]), lambda m, X, v: m.score_samples(X, tolerance=v)),
    ("random_state", SEEDS, lambda m, X, v: m.sample(2, random_state=v)),
    ("random_state", SEEDS, lambda m, X, v: m.impute(X, random_state=v)),
    ("random_state", SEEDS, lambda m, X, v: m.impute(X, draws=2, random_state=v)),
    ("random_state", SEEDS, lambda m, X, v: m.evaluate(X, random_state=v)),
    ("random_state", [*SEEDS, 2**80], lambda m, X, v: fast(random_state=v).fit(X)),
    ("random_state", SEEDS, lambda m, X, v: EvenImputer(fast(), random_state=v).fit(X)),
    ("hide", SHARES, lambda m, X, v: m.evaluate(X, hide=v)),
    ("given", (3, 2.5, True, [3], object()), lambda m, X, v: m.sample(2, given=v)),
    ("rules", (3, True, [3], {"a": 1}, ["x0 > 0", None]), lambda m, X, v: m.sample(2, rules=v)),
    ("missing", (1, "yes", None), lambda m, X, v: m.sample(2, missing=v)),
    ("return_details", (1, "yes"), lambda m, X, v: m.score_samples(X, return_details=v)),
    ("Z", ("a", [["a", "b", "c"]], [[1.0], [1.0, 2.0]], None, 3), lambda m, X, v: m.inverse_transform(v)),
    ("to", (3, "a", None, {}), lambda m, X, v: m.translate(X, v)),
    ("given", (3, "a"), lambda m, X, v: m.inverse_transform(np.zeros((1, 3)), v)),
    ("point_estimate", (3, "x", [1]), lambda m, X, v: m.reconstruct(X, v)),
    ("method", (3, "x", [1]), lambda m, X, v: m.impute(X, method=v)),
    ("resume", (1, "yes"), lambda m, X, v: fast().fit(X, resume=v)),
    ("checkpoint", (3, True), lambda m, X, v: fast().fit(X, checkpoint=v)),
    ("callbacks", (3, "a", [3]), lambda m, X, v: fast().fit(X, callbacks=v)),
    ("path", (3, None), lambda m, X, v: m.save(v)),
    ("sample_posterior", (1, "yes"), lambda m, X, v: EvenImputer(fast(), sample_posterior=v).fit(X)),
    ("add_indicator", (1, "yes"), lambda m, X, v: EvenImputer(fast(), add_indicator=v).fit(X)),
]


@pytest.mark.parametrize(("name", "values", "ask"), CASES, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(CASES)])
def test_wrong_arguments_are_named(fitted, rows, name, values, ask):
    for value in values:
        with pytest.raises(InputError, match=name) as caught:
            ask(fitted, rows, value)
        assert len(str(caught.value)) < 400, value


def test_whole_numbers_of_numpy_are_fine(fitted, rows):
    three = np.int64(3)
    assert fitted.sample(three, random_state=np.uint8(1)).shape == (3, 3)
    np.testing.assert_array_equal(fitted.sample(three, random_state=1), fitted.sample(3, random_state=np.int32(1)))
    assert len(fitted.impute(rows, draws=three, samples=np.int16(4), random_state=np.int64(2))) == 3
    assert len(fitted.impute(rows, draws=2, samples=4, random_state=None)) == 2
    assert np.isfinite(fitted.score_samples(rows, samples=np.int8(4))).all()
    assert "hidden_error" in fitted.evaluate(rows, hide=np.float32(0.25), random_state=np.int64(0)).columns
    assert fitted.evaluate(rows, hide=0).shape[0] == 3


def test_rules_may_be_any_function_or_none(fitted):
    positive = functools.partial(lambda least, frame: frame["x0"] > least, 0)
    assert (fitted.sample(5, random_state=0, rules=positive)[:, 0] > 0).all()
    assert fitted.sample(2, rules=None).shape == (2, 3)
    with pytest.raises(InputError, match=r"functools\.partial"):
        fitted.sample(5, rules=functools.partial(lambda least, frame: frame["x0"] > least, 1e9))


def test_generators_give_seeds_as_they_do_in_scikit_learn(fitted, rows):
    for make in (np.random.default_rng, np.random.RandomState):
        one, same = (fitted.sample(4, random_state=make(3)) for _ in range(2))
        np.testing.assert_array_equal(one, same)
        generator = make(3)
        fitted.sample(1, random_state=generator)
        assert not np.array_equal(one, fitted.sample(4, random_state=generator))
        assert len(fitted.impute(rows, draws=2, random_state=make(3))) == 2
