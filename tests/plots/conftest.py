"""A small model of images, shared by the tests of the room."""

import numpy as np
import pytest

from evenvae import GECO
from support import fast, people


@pytest.fixture(scope="package")
def model():
    """A model of small images, by GECO, and the images."""
    images = np.random.default_rng(0).integers(0, 256, (64, 6, 5), np.uint8)
    return fast(objective=GECO(kappa=1.0), schema={"image": "squared"}).fit(images), images


@pytest.fixture(scope="package")
def plain():
    """A model of a table without images, by another objective."""
    return fast().fit(people(60))
