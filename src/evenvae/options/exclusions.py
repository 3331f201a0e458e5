"""Options that exclude each other: one table, with a sentence for every pair."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from evenvae.errors import InputError
from evenvae.models import Layout
from evenvae.models.network_options import HIVAENetwork, Network
from evenvae.priors import Standard
from evenvae.training.plan import FITTED_LATENTS

log = logging.getLogger(__name__)

SUPPORTED_PRIVATELY = (
    "A private fit is one plain VAE: balance='none', objective='elbo', prior='standard', one member, and no pilot, "
    "trees, task, warm start, bootstrap, patience, fitted latents, matched marginals or polish, each of which would "
    "use the rows beside the private steps."
)
"""What all sentences about private fits end with."""


class Asked(NamedTuple):
    """What was asked for: the `Options`, the constructor's arguments, and (with a table) the columns.

    ``tasks`` are the numbers of levels of the task columns.
    """

    options: Any
    given: Mapping[str, Any]
    layout: Any = None
    tasks: tuple[int, ...] = ()

    @property
    def images(self) -> bool:
        """Whether a column holds images."""
        return images(self.layout) > 0

    @property
    def convolutional(self) -> bool:
        """Whether a network of convolutions is asked for."""
        return self.options.model == "vae" and self.options.network.kind == "conv"

    @property
    def hard_to_decode(self) -> bool:
        """Whether the objective or the network cannot train cycle consistency."""
        network = self.options.network
        return (
            self.options.objective.name != "elbo"
            or self.options.preset == "paper"
            or getattr(network, "kind", None) in ("paper", "conv")
            or getattr(network, "encoder_input", None) == "raw"
        )

    @property
    def not_private(self) -> str:
        """The option by which a private fit would use rows beside its private steps; empty where there is none."""
        options, network = self.options, self.options.network
        batch_normalised = options.preset == "paper" or getattr(network, "kind", None) in ("paper", "conv")
        found = {
            "model": options.model != "vae",
            "objective": options.objective.name != "elbo",
            "balance": options.balance not in ("auto", "none"),
            "prior": not isinstance(options.prior, Standard),
            "ensemble": options.ensemble != 1,
            "task": options.task is not None,
            "pilot": options.pilot,
            "warm_start": bool(options.warm_start),
            "imputation.refine": options.imputation.trees,
            "sampling.latents": options.sampling.latents in FITTED_LATENTS,
            "sampling.match_marginals": bool(options.sampling.match_marginals),
            "sampling.polish": options.sampling.polish is not None,
            "training.bootstrap": bool(options.training.bootstrap),
            "training.binarise": bool(options.training.binarise),
            "training.devices": (options.training.devices or 1) != 1,
            "training.patience": bool(options.training.patience),
            "preset" if options.preset == "paper" else "network.kind": batch_normalised,
            "network.encoder_input": getattr(network, "encoder_input", None) == "raw",
        }
        return next((name for name, said in found.items() if said), "") if options.privacy.asked else ""

    @property
    def supported_privately(self) -> str:
        """See `SUPPORTED_PRIVATELY`."""
        return SUPPORTED_PRIVATELY


class Exclusion(NamedTuple):
    """A combination that no fit can have; ``sentence`` says why and what to do."""

    excluded: Callable[[Asked], bool]
    sentence: str


def _vae_network(asked: Asked) -> Network:
    """The options of the network of ``model="vae"``, all left open for HI-VAE."""
    return asked.options.network if asked.options.model == "vae" else Network()


OPTIONS: tuple[Exclusion, ...] = (
    Exclusion(
        lambda asked: bool(asked.not_private),
        "privacy.epsilon cannot be kept with this {asked.not_private}. {asked.supported_privately}",
    ),
    Exclusion(
        lambda asked: not asked.options.privacy.asked and bool(asked.options.privacy.given()),
        "privacy needs epsilon: privacy=Privacy(epsilon=8), or --epsilon 8 on the command line.",
    ),
    Exclusion(
        lambda asked: asked.options.imputation.trees and not asked.options.validation_fraction,
        "imputation.refine='trees' weighs trees by held-out rows, and validation_fraction=0 leaves none. Give it a "
        "share, such as 0.1.",
    ),
    Exclusion(
        lambda asked: asked.options.sampling.polish is not None and not asked.options.validation_fraction,
        "sampling.polish is judged by held-out rows, and validation_fraction=0 leaves none. Give it a share, such as "
        "0.1.",
    ),
    Exclusion(
        lambda asked: asked.given["objective"] == "beta",
        "objective='beta' needs the weight of the KL: objective=ELBO(beta=4), or --set objective.beta=4 on the command "
        "line.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and asked.options.objective.weighted,
        "objective={asked.options.objective.name!r} needs model='vae': HI-VAE draws a relaxed component, which has no "
        "importance weights. Use objective='elbo'.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and asked.given["prior"] not in (None, "standard", Standard()),
        "prior={asked.given[prior]!r} cannot be used with model='hivae', which has its own mixture prior. Leave prior "
        "out.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and asked.options.sampling.latents == "flow",
        "sampling.latents='flow' needs model='vae': a flow moves numbers, and a latent of HI-VAE also has a component. "
        "Use 'fitted'.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and bool(asked.options.sampling.match_marginals),
        "sampling.match_marginals=True needs model='vae': the heads of HI-VAE have no bias to shift. Leave it out.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and not isinstance(asked.options.network, HIVAENetwork),
        "network={asked.given[network]!r} is for model='vae'. With model='hivae' give network=HIVAENetwork(...) or "
        "leave it out.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "vae" and not isinstance(asked.options.network, Network),
        "network={asked.given[network]!r} is for model='hivae'. With model='vae' give network=Network(...) or leave it "
        "out.",
    ),
)
"""What can be said before a table is read."""

TABLE: tuple[Exclusion, ...] = (
    Exclusion(
        lambda asked: asked.options.model == "hivae" and asked.images,
        "model='hivae' gives every column a few numbers, too few for an image. Use model='vae'.",
    ),
    Exclusion(
        lambda asked: asked.options.model == "hivae" and bool(asked.tasks),
        "task needs model='vae': HI-VAE has no place for a condition.",
    ),
    Exclusion(
        lambda asked: asked.convolutional and not asked.images,
        "network='conv' is for images, and the table has no column of images. Leave it out.",
    ),
    Exclusion(
        lambda asked: asked.convolutional and bool(asked.tasks) and asked.layout.features == 1,
        "A convolutional model of a single image column cannot use task. Remove task or network='conv'.",
    ),
    Exclusion(
        lambda asked: bool(_vae_network(asked).sight) and (bool(asked.tasks) or asked.images),
        "network.sight=True is for tables without tasks and images. Leave it out.",
    ),
    Exclusion(
        lambda asked: bool(_vae_network(asked).sight) and asked.options.objective.name != "elbo",
        "network.sight=True needs objective='elbo': cells that are seen would count for constraints and weights.",
    ),
    Exclusion(
        lambda asked: bool(_vae_network(asked).point_heads) and asked.options.objective.name != "elbo",
        "network.point_heads=True needs objective='elbo': squared errors are no part of other bounds. Leave it out.",
    ),
    Exclusion(
        lambda asked: bool(asked.options.training.binarise) and not any(v.binary for v in asked.layout.likelihoods),
        "training.binarise=True is for images with the likelihood bernoulli, and the table has no such column. Leave "
        "it out.",
    ),
    Exclusion(
        lambda asked: bool(asked.options.training.cycle) and not asked.tasks,
        "training.cycle is for rows of several tasks: name their column with task=, or leave training.cycle out.",
    ),
    Exclusion(
        lambda asked: bool(asked.options.training.cycle) and asked.hard_to_decode,
        "training.cycle needs what is decoded to be encoded again, as objective='elbo' with the network 'residual' or "
        "'mlp' on standardised inputs can. Leave training.cycle out, or the other option.",
    ),
    Exclusion(
        lambda asked: asked.options.sampling.latents in FITTED_LATENTS and (bool(asked.tasks) or asked.images),
        "sampling.latents={asked.options.sampling.latents!r} is for tables without tasks and images. Leave it out.",
    ),
    Exclusion(
        lambda asked: bool(asked.options.sampling.match_marginals) and asked.images,
        "sampling.match_marginals=True is for tables without images. Leave it out.",
    ),
    Exclusion(
        lambda asked: asked.options.sampling.polish is not None and asked.images,
        "sampling.polish is for tables without images. Leave it out.",
    ),
)
"""What can be said once the columns are known."""


def check_options(options: Any, given: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other whatever the table.

    Raises:
        InputError: with the sentence of the first combination that is excluded.
    """
    asked = Asked(options, given)
    for exclusion in OPTIONS:
        if exclusion.excluded(asked):
            raise InputError(exclusion.sentence.format(asked=asked))


def check_table(options: Any, layout: Layout, tasks: tuple[int, ...], names: tuple[str, ...]) -> None:
    """Refuse options that do not fit the columns of the table, by name ``names``.

    Raises:
        InputError: with the sentence of the first combination that is excluded, or the name of a column whose
            likelihood HI-VAE does not know.
    """
    asked = Asked(options, {}, layout, tasks)
    for exclusion in TABLE:
        if exclusion.excluded(asked):
            raise InputError(exclusion.sentence.format(asked=asked))
    if options.model == "hivae":
        for place, likelihood in enumerate(layout.likelihoods):
            if likelihood.hivae is None:
                column = f" of column {names[place]!r}" if names else ""
                raise InputError(
                    f"model='hivae' does not know the likelihood {likelihood.name!r}{column}. Make the "
                    "schema with families='paper', give the column another in the schema, or use model='vae'."
                )


def warn_of_constraints(options: Any, balance: str, *, blind_to_scale: bool) -> None:
    """Say that a balancer undoes the multipliers of a constraint for every column, where it does."""
    if options.objective.constrained and options.objective.constraint == "column" and blind_to_scale:
        log.warning(
            "balance=%s undoes the multipliers of constraint='column' everywhere but in the heads, so that they grow "
            "without bound; combine constraints with pcgrad or none",
            balance,
        )


def images(layout: Layout) -> int:
    """How many columns are images."""
    return layout.features - int(np.sum(layout.sizes == 1))
