"""How a model is trained: the user's options, and the complete settings that compiled programs are keyed by."""

import dataclasses
from numbers import Real
from typing import Literal, get_args

import optax

from evenvae.part import Part, check_choice, check_count, check_flag_or_none, check_number, check_positive, check_share

Schedule = Literal["cosine", "constant"]
Purpose = Literal["reconstruct", "impute", "score", "sample"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclasses.dataclass(frozen=True)
class Training(Part):
    """How the parameters are learned. What is None follows the preset, the purpose or the size of the table.

    Args:
        batch_size: rows of a training step.
        learning_rate: of Adam; None takes 0.001, and 0.002 where a decoder with sight fills cells.
        schedule: ``"cosine"`` (a short warm-up, then cosine decay) or ``"constant"``.
        weight_decay: of AdamW; 0 is Adam.
        clip: the largest norm of the whole gradient; longer gradients are shortened to it. 0 never shortens.
        patience: evaluations of the validation metric without improvement before training stops; 0 never stops early.
        hide_cells: at most this share of a row's observed cells is hidden from the encoder in a training step, so that
            it learns to answer from part of a row. Default 0.5 for ``purpose="impute"``, 0.3 for the recipe of
            ``balance="auto"``, 0 otherwise.
        binarise: True draws the grey pixels of images with the likelihood ``bernoulli`` anew in every training step,
            black or white with the grey value as the chance of white, so that no single draw is learned by heart.
        cycle: weight, beside the KL, of latent cycle consistency for a fit with ``task``: a row that is decoded as
            another task and encoded again has to come back to its own latent. Default 0; see docs/tasks.md.
        bootstrap: True trains every member of an ensemble on a bootstrap copy of the table (rows weighed at random), so
            that the members differ as they would on other samples of the population.
        devices: among which the rows of every batch are divided, as GPUs. The model is the same up to rounding whatever
            their number. Default: 1; all devices of all processes after ``jax.distributed.initialize``. See
            docs/scaling.md.
    """

    batch_size: int | None = None
    learning_rate: float | None = None
    schedule: Schedule | None = None
    weight_decay: float | None = None
    clip: float | None = None
    patience: int | None = None
    hide_cells: float | None = None
    binarise: bool | None = None
    cycle: float | None = None
    bootstrap: bool | None = None
    # a checkpoint is of the options' texts, and may be continued on other devices
    devices: int | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_count("training.batch_size", self.batch_size)
        check_positive("training.learning_rate", self.learning_rate)
        check_choice("training.schedule", self.schedule, get_args(Schedule))
        for name in ("weight_decay", "clip", "cycle"):
            check_number(f"training.{name}", getattr(self, name), Real, 0, float("inf"), "a number, 0 or more")
        check_count("training.patience", self.patience, least=0)
        check_share("training.hide_cells", self.hide_cells)
        for name in ("binarise", "bootstrap"):
            check_flag_or_none(f"training.{name}", getattr(self, name))
        check_count("training.devices", self.devices)


@dataclasses.dataclass(frozen=True)
class PrivacySettings:
    """What a fit spends, and the mechanism that spends it.

    Attributes:
        epsilon, delta: the guarantee for one row added or removed, as the accountant gives them for all steps.
        clipping: the largest norm of a row's gradient.
        noise_multiplier: standard deviation of the noise on the sum, in clipping norms.
        sampling_rate: chance of every row to be in a step's batch, independently of all others.
        rows: of the table, by which the mean batch is known. Their number is not protected.
        steps: that the guarantee allows for.
        accountant: what computed it, with its version.
    """

    epsilon: float
    delta: float
    clipping: float
    noise_multiplier: float
    sampling_rate: float
    rows: int
    steps: int
    accountant: str

    @property
    def mean_batch(self) -> float:
        """Rows of a batch in the mean."""
        return self.sampling_rate * self.rows


@dataclasses.dataclass(frozen=True)
class OptimiserSettings:
    """Adam, or AdamW with a short warm-up and cosine decay, with gradients clipped by their global norm."""

    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    total_steps: int = 1000
    weight_decay: float = 1e-4
    clip: float | None = 10.0

    def build(self) -> optax.GradientTransformation:
        """The optax transformation."""
        if self.schedule == "constant":
            rate: optax.ScalarOrSchedule = self.learning_rate
        else:
            warm_up = max(1, min(100, self.total_steps // 20))
            rate = optax.warmup_cosine_decay_schedule(
                0.1 * self.learning_rate,
                self.learning_rate,
                warm_up,
                max(self.total_steps, warm_up + 1),
                0.01 * self.learning_rate,
            )
        adam = optax.adamw(rate, weight_decay=self.weight_decay) if self.weight_decay else optax.adam(rate)
        return adam if self.clip is None else optax.chain(optax.clip_by_global_norm(self.clip), adam)


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How long a run lasts, in what chunks, and by which metric it stops; hashable, as a key of compiled programs.

    One compiled program runs ``steps_per_chunk`` steps and then evaluates the validation metric of the ``purpose``.
    ``patience`` counts such evaluations without improvement (None: never stop early); ``keep_best`` keeps the state
    with the best metric, not the last one. ``record_gradients`` keeps in the history how the columns' gradients relate
    to each other.
    """

    batch_size: int = 128
    steps: int = 1000
    steps_per_chunk: int = 100
    patience: int | None = 20
    keep_best: bool = True
    purpose: Purpose = "reconstruct"
    max_bad_steps: int = 20
    record_gradients: bool = True
