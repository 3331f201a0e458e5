"""Options that belong together, by name."""

import dataclasses

from evenvae.models.network_options import HIVAENetwork, Network
from evenvae.options.sampling import Sampling
from evenvae.training.settings import Training


@dataclasses.dataclass(frozen=True)
class Preset:
    """Options that take the place of those that a user leaves open.

    ``kl_weight`` and ``epochs`` are None where the purpose and the size of the table decide, and ``warm_up_epochs``
    where the KL has its whole weight from the start; ``latent_size`` is None where the table decides. With
    ``small_latent`` the latent has half as many coordinates as the table has columns.
    """

    network: Network = dataclasses.field(default_factory=Network)
    hivae: HIVAENetwork = dataclasses.field(default_factory=HIVAENetwork)
    training: Training = dataclasses.field(default_factory=Training)
    hivae_training: Training = dataclasses.field(default_factory=Training)
    sampling: Sampling = dataclasses.field(default_factory=Sampling)
    epochs: float | None = None
    hivae_epochs: float | None = None
    kl_weight: float | None = None
    warm_up_epochs: float | None = None
    latent_size: int | None = None
    small_latent: bool = False
    cools_by_epoch: bool = False


_PAPER = Training(
    batch_size=128,
    learning_rate=1e-3,
    schedule="constant",
    weight_decay=0.0,
    clip=0.0,
    patience=0,
    hide_cells=0.0,
)
PRESETS: dict[str, Preset] = {
    "default": Preset(),
    # Javaloy, Meghdadi and Valera (2021), A.3 and A.4.1, and B.4 for HI-VAE; the theory page says what the released
    # code adds
    "paper": Preset(
        network=Network(
            kind="paper", width=50, encoder_input="raw", initialisation="paper", dropout=0.1, see_mask=False
        ),
        hivae=HIVAENetwork(components=10, least_temperature=1e-3),
        training=_PAPER,
        hivae_training=_PAPER.replaced(batch_size=1000),
        sampling=Sampling(numbers="family", latents="prior"),
        epochs=400,
        hivae_epochs=2000,
        kl_weight=1.0,
        small_latent=True,
        cools_by_epoch=True,
    ),
    # Takahashi, Iwata, Yamanaka, Yamada and Yagi (AAAI 2019) and their code; `Implicit` is its prior. The state with
    # the best validation metric is kept, as there, but there training goes on for all epochs, and here it may stop
    "implicit": Preset(
        network=Network(kind="mlp", activation="tanh", width=500, depth=2, see_mask=False),
        training=_PAPER.replaced(batch_size=100, learning_rate=1e-4, patience=50),
        epochs=1000,
        kl_weight=1.0,
        warm_up_epochs=100,
        latent_size=40,
    ),
}
