"""The default way to train evenly: a balance, a weight of the KL, hidden cells and a density of the latents."""

import dataclasses

from evenvae.models import Layout
from evenvae.options.options import Options
from evenvae.training.plan import Latents


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What ``balance="auto"`` stands for where a table is to be reconstructed; options that are given go before it.

    A column is overlooked for several reasons. Its gradient is drowned by others: a tempered balance gives each a
    voice, and few others pay. The bound does not care for a column that is alone, as it costs as many nats of KL as it
    gains: a light KL does. What a light KL costs in likelihood comes back with a density of the latents that is fitted
    after training and takes the prior's place. Cells that are hidden from the encoder in training teach it to answer
    from part of a row: the one fit then imputes as well as one for that purpose, and is a little more likely
    (benchmarks/evenness.py, benchmarks/one_fit.py).
    """

    balance: str = "power-norm[gamma=0.5]"
    kl_weight: float = 0.1
    hide_cells: float = 0.3
    latents: Latents = "fitted"


RECIPE = Recipe()


def recipe_of(options: Options, layout: Layout, tasks: tuple[int, ...]) -> Recipe | None:
    """The recipe, where nothing speaks against it.

    It is for `VAE` with the evidence lower bound: HI-VAE has a mixture prior of its own, tighter bounds have no weight
    of the KL, and constraints balance by themselves. With tasks the prior is what keeps the task out of the
    representation, and a single column has nothing to be balanced against.
    """
    fits = options.model == "vae" and options.objective.name == "elbo" and options.preset == "default"
    # what is fitted to latents afterwards would use the rows once more
    fits = fits and not options.privacy.asked
    wanted = options.balance == "auto" and options.purpose == "reconstruct"
    return RECIPE if wanted and fits and layout.tabular and not (tasks or options.task) else None
