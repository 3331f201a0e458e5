"""From a table's cells to what the compiled loop trains: space, splits, plan and new networks."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from evenvae import tables, warming
from evenvae.errors import InputError
from evenvae.likelihoods import FAMILIES, PIXELS, Histogram, Likelihood
from evenvae.models import HIVAEConfig
from evenvae.models.space import Space
from evenvae.models.targets import squared_targets, targets
from evenvae.objectives import GECO
from evenvae.priors import PRIORS, MixturePrior
from evenvae.settings import make_plan, resolve_numbers
from evenvae.tables import Encoded, tasks
from evenvae.tables.images import event_shape
from evenvae.training import (
    SLICE,
    BatchStream,
    Data,
    Network,
    Run,
    States,
    Validation,
    first_states,
    resampled,
    stack,
    standing,
    start,
    static_part,
)


def likelihood_of(column: Any, model: str = "vae", numbers: str = "family") -> Likelihood:
    """The likelihood of a schema column; HI-VAE takes log(1 + x) of positive numbers, as its authors do."""
    if numbers == "histogram" and column.kind != "image" and not column.nominal:
        return Histogram()
    if column.kind == "image":
        return PIXELS[column.likelihood](event_shape(column.shape))
    family = FAMILIES[column.likelihood]
    if column.likelihood == "categorical":
        return family(levels=max(column.cardinality, 1))
    if column.likelihood == "ordinal":
        return family(levels=max(column.cardinality, 2))
    if column.likelihood == "lognormal" and model == "hivae":
        return family(offset=1.0)
    return family()


class Prepared(NamedTuple):
    """What `train` needs beside the plan: stacked runs at step 0 and what each of them learns from."""

    runs: Run
    static: Network
    data: Data
    streams: list[BatchStream]
    validation: Validation


class Preparing:
    """Mixin of `EvenVAE`; needs its options and, where a method says so, the schema."""

    get_params: Callable[..., dict[str, Any]]
    _cells: Callable[..., tuple[np.ndarray, ...]]
    schema_: Any
    model: str
    prior: str
    ensemble: int
    bootstrap: bool
    components: int | None
    random_state: int | None
    validation_fraction: float
    kappa: float | None
    target: float | None
    gain: float | None

    def _likelihoods(self) -> list[Likelihood]:
        """Every feature's likelihood, by its schema and the options."""
        numbers = resolve_numbers(self.get_params(deep=False))
        return [likelihood_of(column, self.model, numbers) for column in self.schema_.features]

    def _prepare(self, encoded: Encoded, weight: np.ndarray | None = None) -> Prepared:
        """Space, splits, plan and new networks for the rows of ``encoded``; needs ``schema_``."""
        rows = len(encoded.values)
        self.fingerprint_ = tables.fingerprint(encoded)
        self.seed_ = (
            int(np.random.SeedSequence().generate_state(1)[0]) if self.random_state is None else int(self.random_state)
        )
        counting = standing(weight, self.schema_.elements)
        constants = encoded.values[counting], encoded.observed[counting]
        self.space_ = warming.space(self) or Space.fit(self._likelihoods(), *constants)
        held_out = self._held_out_rows(rows)
        self.rows_, self.held_out_ = rows, held_out
        levels = tuple(column.cardinality for column in self.schema_.tasks)
        self.plan_ = make_plan(self.get_params(deep=False), self.space_.layout, rows - held_out, held_out, levels)
        self.task_counts_ = None if encoded.tasks is None else tasks.TaskCounts.of(encoded.tasks, weight)
        splits = [self._split(rows, held_out, run) for run in range(self.ensemble)]
        networks = warming.continued(self, self._new_networks(*constants))
        static = static_part(networks[0][0])
        runs = stack(
            [
                start(network, states, key, self.plan_.optimiser, self.space_.layout.features)
                for network, states, key in networks
            ]
        )
        data = Data(
            self._cells(encoded.values, encoded.observed, encoded.tasks),
            encoded.observed,
            self.space_.device_scales,
            self.space_.value_bounds.astype(np.float32),
        )
        streams, watched = [], []
        for run, (training, held) in enumerate(splits):
            own = self._weight_of_run(weight, rows, run)
            of = lambda part, own=own: None if own is None else own[part]
            streams.append(BatchStream(training, self.plan_.training.batch_size, (self.seed_, run), of(training)))
            held = held if len(held) else training
            watched.append(self._validation(held, encoded.observed, run, of(held)))
        validation = stack(watched)
        return Prepared(runs, static, data, streams, validation)

    def _held_out_rows(self, rows: int) -> int:
        held = round(self.validation_fraction * rows)
        return min(held, 10_000) if rows - held >= 2 and held >= 1 else 0

    def _split(self, rows: int, held_out: int, run: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed_, run, 1]).permutation(rows)
        return np.sort(order[held_out:]), np.sort(order[:held_out])

    def _weight_of_run(self, weight: np.ndarray | None, rows: int, run: int) -> np.ndarray | None:
        return resampled(weight, rows, np.random.default_rng([self.seed_, run, 3])) if self.bootstrap else weight

    def _validation(self, rows: np.ndarray, observed: np.ndarray, run: int, own: np.ndarray | None) -> Validation:
        rows = rows[:10_000]
        size = min(SLICE, len(rows))
        count = -(-len(rows) // size)
        padded = np.concatenate([rows, np.repeat(rows[:1], count * size - len(rows))]).astype(np.int32)
        weight = (np.arange(count * size) < len(rows)).astype(np.float32)
        weight[: len(rows)] *= 1.0 if own is None else own[: len(rows)]
        generator = np.random.default_rng([self.seed_, run, 2])
        hidden = generator.random((count * size, observed.shape[1])) < 0.2
        # a table without holes in some column still gets a figure for it; a single column hides half its cells
        if observed.shape[1] == 1:
            hidden = generator.random(hidden.shape) < 0.5
        shape = (count, size)
        return Validation(padded.reshape(shape), weight.reshape(shape), hidden.reshape(*shape, observed.shape[1]))

    def _new_networks(self, values: np.ndarray, observed: np.ndarray) -> list[tuple[Network, States, Any]]:
        bias = self.space_.marginal_bias(values, observed)
        wanted = self._targets(values, observed)
        made = []
        for run in range(self.ensemble):
            keys = jax.random.split(jax.random.fold_in(jax.random.key(self.seed_), run))
            network = self._network(bias, keys[0])
            made.append((network, first_states(network, self.plan_.method, wanted), jax.random.key_data(keys[1])))
        return made

    def _targets(self, values: np.ndarray, observed: np.ndarray) -> np.ndarray | None:
        if not isinstance(self.plan_.method.objective, GECO):
            return None
        if self.kappa is not None:
            try:
                return squared_targets(self.space_, float(self.kappa))
            except ValueError as error:
                raise InputError(f"kappa={self.kappa}: {error}, as in schema={{'image': 'squared'}}.") from error
        if self.target is not None:
            return np.full(self.space_.layout.features, float(self.target))
        return targets(self.space_, values, observed, 0.5 if self.gain is None else float(self.gain))

    def _network(self, bias: np.ndarray, key: Any) -> Network:
        config = self.plan_.network
        model = config.build(self.space_.layout, bias, key)
        prior_key = jax.random.fold_in(key, 1)
        if isinstance(config, HIVAEConfig):
            return Network(model, MixturePrior.of(config.components, config.latent_size, prior_key))
        prior = PRIORS[self.prior].of(config.latent_size, config.hidden_size, self.components, prior_key)
        return Network(model, prior)

    def _skeleton(self) -> Network:
        """A network of the right shape whose numbers do not matter."""
        return self._network(np.zeros(self.space_.layout.width), jax.random.key(0))
