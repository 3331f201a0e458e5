"""The options of differential privacy: their ranges, their secret, and what cannot be combined."""

import numpy as np
import pytest

from evenvae import EvenVAE, Imputation, Network, Privacy, Sampling, Training, Vamp
from evenvae.errors import InputError
from evenvae.options import Options
from evenvae.options.options import from_json, to_json


def options(**given):
    return Options.of(EvenVAE(privacy=Privacy(epsilon=2), **given).get_params(deep=False))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epsilon": 0}, "privacy.epsilon=0"),
        ({"epsilon": float("inf")}, "privacy.epsilon=inf"),
        ({"epsilon": 1, "delta": 1.0}, "privacy.delta=1.0"),
        ({"epsilon": 1, "clipping": -1}, "privacy.clipping=-1"),
        ({"epsilon": 1, "seed": -3}, "privacy.seed=-3"),
        ({"epsilon": 1, "seed": 2**64}, "privacy.seed="),
    ],
)
def test_what_is_out_of_range_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Privacy(**given)


def test_the_seed_stands_in_no_text_and_no_file():
    secret = Privacy(epsilon=2, seed=123456789)
    assert "123456789" not in repr(secret)
    described = to_json({"privacy": secret})
    assert described == {"privacy": {"part": "Privacy", "epsilon": 2}}
    assert from_json(described)["privacy"] == Privacy(epsilon=2)


def test_keys_are_those_of_the_seed_or_of_the_system():
    assert np.array_equal(Privacy(epsilon=1, seed=5).key(), Privacy(epsilon=3, seed=5).key())
    distinct = {bytes(Privacy(epsilon=1, seed=seed).key()) for seed in (0, 1, 2**32, 2**64 - 1)}
    assert len(distinct) == 4
    drawn = {bytes(Privacy(epsilon=1).key()) for _ in range(20)}
    assert len(drawn) == 20


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"model": "hivae"}, "model"),
        ({"objective": "iwae"}, "objective"),
        ({"balance": "pcgrad"}, "balance"),
        ({"prior": Vamp()}, "prior"),
        ({"ensemble": 2}, "ensemble"),
        ({"task": "site"}, "task"),
        ({"pilot": True}, "pilot"),
        ({"warm_start": True}, "warm_start"),
        ({"imputation": Imputation(refine="trees")}, "imputation.refine"),
        ({"sampling": Sampling(latents="fitted")}, "sampling.latents"),
        ({"sampling": Sampling(latents="flow")}, "sampling.latents"),
        ({"training": Training(bootstrap=True)}, "training.bootstrap"),
        ({"training": Training(devices=2)}, "training.devices"),
        ({"training": Training(patience=3)}, "training.patience"),
        ({"preset": "paper"}, "preset"),
        ({"network": "paper"}, "network.kind"),
        ({"network": Network(encoder_input="raw")}, "network.encoder_input"),
    ],
)
def test_what_would_use_rows_beside_the_private_steps_is_refused(given, name):
    with pytest.raises(InputError, match=f"privacy.epsilon cannot be kept with this {name}") as refused:
        options(**given)
    assert "one plain VAE" in str(refused.value)


def test_what_is_left_is_allowed():
    assert options(balance="none", validation_fraction=0.2).held_out_share == 0
    assert Options.of(EvenVAE(validation_fraction=0.2).get_params(deep=False)).held_out_share == 0.2
    for purpose in ("reconstruct", "impute", "score", "sample"):
        assert options(purpose=purpose).privacy.asked


def test_a_norm_without_an_epsilon_is_refused():
    with pytest.raises(InputError, match="privacy needs epsilon"):
        Options.of(EvenVAE(privacy=Privacy(clipping=1)).get_params(deep=False))
