"""Pictures: what is drawn is what the model says."""

import numpy as np
import pytest

from evenvae import EvenVAE, InputError, pictures
from support import FAST, people


@pytest.fixture(scope="module")
def model():
    """A model of small images, by GECO."""
    images = np.random.default_rng(0).integers(0, 256, (64, 6, 5), np.uint8)
    return EvenVAE(**FAST, objective="geco", kappa=1.0, schema={"image": "squared"}).fit(images), images


def drawn_images(figure):
    return [axis.images[0].get_array() for axis in figure.axes if axis.images]


def test_reconstructions_stand_below_what_is_given(model, tmp_path):
    fitted, images = model
    figure = pictures.reconstructions({"one": fitted, "two": fitted}, images, count=4)
    drawn = drawn_images(figure)
    assert len(drawn) == 12
    np.testing.assert_array_equal(drawn[2], images[2])
    np.testing.assert_array_equal(drawn[4 + 2], fitted.reconstruct(images[:4])[2])
    figure.savefig(tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_samples_and_walks(model):
    fitted, images = model
    drawn = drawn_images(pictures.samples(fitted, count=3, lines=2, seed=5))
    np.testing.assert_array_equal(drawn[4], fitted.sample(6, random_state=5)[4])
    walk = drawn_images(pictures.walks(fitted, images, pairs=1, steps=5))
    assert len(walk) == 5
    ends = fitted.inverse_transform(fitted.transform(images[:2]))
    np.testing.assert_array_equal(walk[0], ends[0])
    np.testing.assert_array_equal(walk[-1], ends[1])
    with pytest.raises(InputError, match="need 200 rows"):
        pictures.walks(fitted, images, pairs=100)


def test_paths_hold_the_history(model):
    fitted, _ = model
    above, below = pictures.paths(fitted).axes
    history = [record["multiplier"][0][0] for record in fitted.history_]
    np.testing.assert_allclose(above.lines[0].get_ydata(), history)
    np.testing.assert_allclose(below.lines[0].get_ydata(), [r["constraint"][0][0] for r in fitted.history_])


def test_models_without_images_or_multipliers_are_told():
    plain = EvenVAE(**FAST).fit(people(60))
    with pytest.raises(InputError, match="no image column"):
        pictures.samples(plain)
    with pytest.raises(InputError, match="geco's"):
        pictures.paths(plain)
