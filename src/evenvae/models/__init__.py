"""Networks and their parts; the user's object is `evenvae.EvenVAE`."""

from evenvae.models.batch import Batch, Cells, no_tasks
from evenvae.models.conditioning import ConditionalLatent, ConditionalPosterior
from evenvae.models.encoder import Encoder
from evenvae.models.heads import (
    Heads,
    Statistic,
    as_tuple,
    linear,
    log_jacobian,
    log_prob,
    marginal_bias,
    statistic,
    values,
)
from evenvae.models.hivae import HIVAE, HIVAEConfig
from evenvae.models.layout import Block, Layout
from evenvae.models.mixture import MixtureLatent, MixturePosterior
from evenvae.models.model import Model
from evenvae.models.posterior import DiagonalNormal
from evenvae.models.protocols import EncoderProtocol, HeadsProtocol, Latent, PosteriorProtocol
from evenvae.models.space import Space
from evenvae.models.vae import VAE, ConditionalVAE, VAEConfig, make_vae

__all__ = [
    "HIVAE",
    "VAE",
    "Batch",
    "Block",
    "Cells",
    "ConditionalLatent",
    "ConditionalPosterior",
    "ConditionalVAE",
    "DiagonalNormal",
    "Encoder",
    "EncoderProtocol",
    "HIVAEConfig",
    "Heads",
    "HeadsProtocol",
    "Latent",
    "Layout",
    "MixtureLatent",
    "MixturePosterior",
    "Model",
    "PosteriorProtocol",
    "Space",
    "Statistic",
    "VAEConfig",
    "as_tuple",
    "linear",
    "log_jacobian",
    "log_prob",
    "make_vae",
    "marginal_bias",
    "no_tasks",
    "statistic",
    "values",
]
