"""Options that do not exist are answered with the right name, wherever they are given."""

import inspect

import pytest

from evenvae import EvenVAE, InputError
from evenvae.options.unknown import answer_to


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hidden_size", "'hidden_size' is now network.width"),
        ("patience", "'patience' is now training.patience"),
        ("latent_sise", "did you mean 'latent_size'"),
    ],
)
def test_constructor_and_set_params_answer_alike(name, words):
    with pytest.raises(InputError, match=words):
        EvenVAE(**{name: 3})
    with pytest.raises(InputError, match=words):
        EvenVAE().set_params(**{name: 3})


def test_names_of_parts_are_shown_with_dots():
    assert "'netwrok.width'" in answer_to("netwrok__width", ["network__width"])
    assert "did you mean 'network.width'" in answer_to("netwrok__width", ["network__width"])


def test_the_signature_stays_readable():
    parameters = inspect.signature(EvenVAE).parameters
    assert parameters["model"].default == "vae"
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values())
