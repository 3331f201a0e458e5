"""Networks by their configuration, and the protocols that every model keeps."""

import jax
import numpy as np
import pytest

from evenvae.models import EncoderProtocol, HeadsProtocol, HIVAEConfig, PosteriorProtocol, VAEConfig
from support import mixed_table

CONFIGS = {
    "residual": VAEConfig(3, 8, 1),
    "paper": VAEConfig(3, 8, 1, "paper", "raw", 0.1, initialisation="paper"),
    "tasks": VAEConfig(3, 8, 1, tasks=(2,)),
    "hivae": HIVAEConfig(3, 4, 2),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_model_keeps_the_protocols(kind):
    space, values, observed = mixed_table()
    config = CONFIGS[kind]
    model = config.build(space.layout, space.marginal_bias(values, observed), jax.random.key(0))
    assert isinstance(model.encoder, EncoderProtocol)
    assert isinstance(model.heads, HeadsProtocol)
    codes = np.zeros((8, len(getattr(config, "tasks", ()))), np.int32)
    batch = space.batch(values[:8], observed[:8], codes)
    q, _ = model.encoder(batch, space.device_scales, model.encoder.init(), inference=True)
    assert isinstance(q, PosteriorProtocol)
    assert q.noise_size == config.noise_size
    assert q.representation.shape == (8, config.representation_size)
    at_location = model.decode(q.location)
    assert at_location.shape == (8, space.layout.width)
    np.testing.assert_array_equal(model.decode(model.latent_at(q.representation, codes)), at_location)
    kernels, bias = model.heads.kernels()
    assert bias.shape[-1] == len(model.heads.feature)
    assert all(kernel.shape[-1] == len(model.heads.feature) for kernel in kernels)
