"""What training gave: the fitted model, to which all questions are put."""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float

from evenvae import threefry
from evenvae.fitted.polish import Polish
from evenvae.fitted.refined_column import RefinedColumn
from evenvae.models.batch import Batch
from evenvae.models.space import Space
from evenvae.priors import Prior
from evenvae.tables import Encoded, MissingnessModel, Schema, TaskCounts
from evenvae.training import Network, Plan


class Member(NamedTuple):
    """One run of an ensemble: its network, and the state of its encoder (batch statistics)."""

    network: Network
    encoder_state: Any


@dataclasses.dataclass(frozen=True)
class Record:
    """What is known of the training.

    ``rows`` were given, ``held_out`` of them for validation; ``steps`` were taken; ``interrupted`` says that Ctrl-C
    ended the training, a step after it, or the training of the pilot. ``fingerprint`` identifies the training table
    (None for files that do not hold it). ``history`` has an entry for every evaluation of the validation metric.
    ``versions`` are those of the software that trained (empty for files that do not hold them).
    """

    rows: int
    held_out: int
    seed: int
    steps: int
    interrupted: bool
    fingerprint: str | None
    history: list[dict[str, Any]]
    versions: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, eq=False)
class FittedModel:
    """Everything that a fit leaves: networks and states, constants of the columns, schema, plan and densities.

    It holds and decides nothing else; the modules of this package are the questions that can be put to it. They take
    `Encoded` numbers and give arrays; `EvenVAE` turns tables into numbers and back.

    ``task_counts`` say how often each combination of tasks occurs; ``missingness`` is None, and ``densities`` are
    empty, where they were not fitted. ``densities`` are those of every member's latents, in the members' order; they
    take the place of the members' priors in every question. ``pilot`` is a plain model of the same rows and columns,
    with the same constants, where one was asked for; see `evenvae.fitted.pilot`. ``refinement`` holds the columns whose
    imputations trees refine; see `evenvae.fitted.refinement`. ``polish`` chooses among drawn rows, where it was asked
    for. ``marginal_shifts`` are added to every member's heads where rows are drawn; None where they were not asked for;
    see `evenvae.fitted.matched_marginals`.
    """

    members: tuple[Member, ...]
    space: Space
    schema: Schema
    plan: Plan
    task_counts: TaskCounts
    record: Record
    missingness: MissingnessModel | None = None
    densities: tuple[Prior, ...] = ()
    pilot: "FittedModel | None" = None
    refinement: tuple[RefinedColumn, ...] = ()
    polish: Polish | None = None
    marginal_shifts: Float[np.ndarray, "members P"] | None = None

    def network(self, member: int, to_sample: bool = False) -> Network:
        """A member's network as questions are put to it: with its density in place of the prior, where there is one.

        A density that is only sampled from, and the shift of the heads, are left out where the network is not asked
        ``to_sample``.
        """
        network = self.members[member].network
        if self.densities and (to_sample or self.plan.latents != "sampled"):
            network = network._replace(prior=self.densities[member])
        if to_sample and self.marginal_shifts is not None:
            shifted = network.model.heads.bias + self.marginal_shifts[member]
            network = eqx.tree_at(lambda whole: whole.model.heads.bias, network, shifted)
        return network

    def batch(self, encoded: Encoded, mask: Bool[np.ndarray, "N D"] | None = None) -> Batch:
        """Rows in model space; ``mask`` says which cells the model is to see, all observed ones if not given."""
        return self.space.batch(encoded.values, encoded.observed if mask is None else mask, encoded.tasks)

    def shown(self, batch: Batch) -> Batch:
        """The batch as it is asked where cells are filled: a decoder with sight is shown what is observed."""
        return batch.show() if self.plan.sight else batch

    def replaced(self, **changes: Any) -> "FittedModel":
        """A copy with other values in some fields."""
        return dataclasses.replace(self, **changes)


def members_of(networks: Network, encoder_state: Any, alive: Bool[np.ndarray, " runs"]) -> tuple[Member, ...]:
    """The members from networks and encoder states that are stacked over runs, without runs that are not ``alive``."""
    pick = lambda tree, run: jax.tree.map(lambda leaf: np.asarray(leaf)[run], tree)
    return tuple(Member(pick(networks, run), pick(encoder_state, run)) for run in np.flatnonzero(alive))


def skeleton(plan: Plan, space: Space) -> Network:
    """A network of the right shape, whose numbers have no meaning."""
    bias: Float[np.ndarray, " P"] = np.zeros(space.layout.width)
    return plan.new_network(space.layout, bias, threefry.key(0))
