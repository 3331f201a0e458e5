"""Figures, and the image column of a model."""

import pytest

import evenvae.pictures
from evenvae import InputError, plots


def test_models_without_images_are_told(plain):
    with pytest.raises(InputError, match="no image column"):
        plots.samples(plain)


def test_the_former_name_of_the_room_is_an_alias():
    assert evenvae.pictures.reconstructions is plots.reconstructions
    assert set(evenvae.pictures.__all__) == set(plots.__all__)
