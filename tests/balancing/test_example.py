"""The worked example runs, and balancing serves the task that the plain sum overlooks."""

import numpy as np
import pytest

from support import load_example


@pytest.fixture(scope="module")
def example():
    return load_example("multitask")


@pytest.fixture(scope="module")
def found(example):
    return example.run(steps=80)


def test_losses_and_errors_are_finite(example, found):
    for errors, losses in found.values():
        assert errors.shape == (len(example.TASKS),)
        assert np.isfinite(errors).all()
        assert np.isfinite(losses).all()


def test_every_task_is_learned(found):
    for _, losses in found.values():
        assert (losses[-1] < losses[0]).all()


def test_balancing_serves_the_overlooked_task(example, found):
    grower = example.TASKS.index("grower")
    (plain_error, plain_losses), (error, losses) = found["plain"], found["imtl-g"]
    assert losses[-1, grower] < 0.5 * plain_losses[-1, grower]
    assert error[grower] < plain_error[grower]
