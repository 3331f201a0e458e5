"""Targets of constraints, between a column's marginal and what is possible."""

import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import Normal, SquaredPixels
from evenvae.models import Space
from evenvae.models.targets import least_nats, marginal_nats, squared_targets, targets


def test_targets_lie_between_the_marginal_and_what_can_be_had(mixed):
    space, values, observed = mixed
    marginal, least = marginal_nats(space, values, observed), least_nats(space, values, observed)
    asked = targets(space, values, observed, 0.5)
    np.testing.assert_allclose(marginal[0], 0.5 * np.log(2 * np.pi) + 0.5, rtol=1e-3)  # a standardised normal
    flags = values[observed[:, 3], 3]
    np.testing.assert_allclose(marginal[3], stats.bernoulli(flags.mean()).entropy(), atol=0.01)
    np.testing.assert_array_equal(least[[0, 1]], -np.inf)
    np.testing.assert_array_equal(least[3:], 0)
    assert (asked < marginal).all()
    assert (asked > least).all()
    np.testing.assert_allclose(asked[:2], marginal[:2] - 0.5)


def test_squared_targets_are_those_of_images_alone():
    values = np.full((3, 5), 0.5)
    observed = np.ones((3, 2), bool)
    space = Space.fit([SquaredPixels((2, 2, 1)), Normal()], values, observed)
    with pytest.raises(ValueError, match="'squared'"):
        squared_targets(space, 2.0)
    alone = Space.fit([SquaredPixels((2, 2, 1))], values[:, :4], observed[:, :1])
    np.testing.assert_allclose(squared_targets(alone, 2.0), [4 + 2 * np.log(np.pi)])
