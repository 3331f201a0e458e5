"""Grey images with labels, in three parts."""

import os

import numpy as np
import pytest

from evenvae import InputError, datasets


@pytest.mark.skipif("EVENVAE_DATA" not in os.environ, reason="needs the images in EVENVAE_DATA")
def test_parts_are_drawn_once_and_disjoint():
    faces = datasets.load_images("frey")
    assert [len(part.pixels) for part in (faces.train, faces.valid, faces.test)] == [1565, 200, 200]
    assert (faces.train.labels == -1).all()
    assert 0 <= faces.train.pixels.min() < faces.train.pixels.max() <= 1
    np.testing.assert_array_equal(faces.test.pixels, datasets.load_images("frey").test.pixels)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="did you mean 'frey'"):
        datasets.load_images("fray")
