"""Networks and what they are made of; the user's object is `evenvae.EvenVAE`."""

from evenvae.models.encoder import Cells, Encoder
from evenvae.models.heads import Heads, as_tuple, linear, log_jacobian, log_prob, marginal_bias, statistic, values
from evenvae.models.hivae import HIVAE, HIVAEConfig
from evenvae.models.layout import Block, Layout
from evenvae.models.mixture import MixtureLatent, MixturePosterior
from evenvae.models.posterior import DiagonalNormal
from evenvae.models.vae import VAE, VAEConfig, make_vae

__all__ = [
    "HIVAE",
    "VAE",
    "Block",
    "Cells",
    "DiagonalNormal",
    "Encoder",
    "HIVAEConfig",
    "Heads",
    "Layout",
    "MixtureLatent",
    "MixturePosterior",
    "VAEConfig",
    "as_tuple",
    "linear",
    "log_jacobian",
    "log_prob",
    "make_vae",
    "marginal_bias",
    "statistic",
    "values",
]
