"""Which rows a step sees."""

import numpy as np

from evenvae.training import BatchStream


def test_every_row_is_used_equally_often():
    stream = BatchStream(np.arange(10), 4, (1, 2))
    counts = np.bincount(stream.steps(0, 25).ravel(), minlength=10)
    np.testing.assert_array_equal(counts, 10)


def test_batches_depend_on_the_step_alone():
    stream = BatchStream(np.arange(37), 5, (3,))
    whole = stream.steps(0, 30)
    np.testing.assert_array_equal(BatchStream(np.arange(37), 5, (3,)).steps(12, 7), whole[12:19])


def test_an_epoch_has_every_row_as_often_as_it_weighs():
    weight = np.array([0.25, 1.0, 2.0, 0.75, 3.0, 1.0])
    drawn = BatchStream(np.arange(10, 16), 3, (0,), weight).steps(0, 2 * 4000)
    np.testing.assert_array_equal(drawn[:40], BatchStream(np.arange(10, 16), 3, (0,), weight).steps(0, 40))
    counts = np.apply_along_axis(np.bincount, 1, drawn.reshape(4000, 6) - 10, minlength=6)
    shares = weight * 6 / 8
    assert (np.abs(counts - shares) < 1).all()
    # a rounding up or down has a standard deviation of at most a half
    np.testing.assert_allclose(counts.mean(0), shares, atol=4 * 0.5 / np.sqrt(4000))
