"""Grids of images: what is drawn is what the model gives."""

import numpy as np
import pytest

from evenvae import InputError, plots


def drawn_images(figure):
    return [axis.images[0].get_array() for axis in figure.axes if axis.images]


def test_reconstructions_stand_below_what_is_given(model, tmp_path):
    fitted, images = model
    figure = plots.reconstructions({"one": fitted, "two": fitted}, images, count=4)
    drawn = drawn_images(figure)
    assert len(drawn) == 12
    np.testing.assert_array_equal(drawn[2], images[2])
    np.testing.assert_array_equal(drawn[4 + 2], fitted.reconstruct(images[:4])[2])
    figure.savefig(tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_samples_and_walks(model):
    fitted, images = model
    drawn = drawn_images(plots.samples(fitted, count=3, lines=2, seed=5))
    np.testing.assert_array_equal(drawn[4], fitted.sample(6, random_state=5)[4])
    walk = drawn_images(plots.walks(fitted, images, pairs=1, steps=5))
    assert len(walk) == 5
    ends = fitted.inverse_transform(fitted.transform(images[:2]))
    np.testing.assert_array_equal(walk[0], ends[0])
    np.testing.assert_array_equal(walk[-1], ends[1])
    with pytest.raises(InputError, match="need 200 rows"):
        plots.walks(fitted, images, pairs=100)
