"""Weights of trees beside a model's own guesses."""

import numpy as np
import pytest

from evenvae.fitted.weighing import weight_of_levels, weight_of_numbers

ONES = np.ones(200)


def test_numbers_are_averaged_as_their_errors_advise():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    noisy = lambda: (truth + rng.normal(size=200))[None]
    assert weight_of_numbers(noisy(), noisy(), truth, ONES) == pytest.approx(0.5, abs=0.15)
    assert weight_of_numbers(truth[None], noisy(), truth, ONES) == 1
    assert weight_of_numbers(noisy(), truth[None], truth, ONES) == 0
    assert weight_of_numbers(truth[None], truth[None], truth, ONES) == 0


def test_levels_are_averaged_as_their_likelihood_advises():
    truth = np.arange(200.0) % 2
    right = np.eye(2)[truth.astype(int)][None]
    even = np.full((1, 200, 2), 0.5)
    assert weight_of_levels(right, even, truth, ONES) == 1
    assert weight_of_levels(even, right, truth, ONES) == 0
    assert weight_of_levels(1 - right, right, truth, ONES) == 0


def test_rows_count_as_they_weigh():
    truth = np.zeros(200)
    own, answers = np.ones((1, 200)), np.concatenate([np.zeros(100), np.full(100, 3.0)])[None]
    first, last = np.repeat([1.0, 0.0], 100), np.repeat([0.0, 1.0], 100)
    assert weight_of_numbers(answers, own, truth, first) == 1
    assert weight_of_numbers(answers, own, truth, last) == 0
