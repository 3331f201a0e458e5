"""Settings of a training run, hashable so that they are part of a compiled program's key."""

import dataclasses

import optax


@dataclasses.dataclass(frozen=True)
class OptimiserSettings:
    """Adam, or AdamW with a short warm-up and cosine decay, with gradients clipped by their global norm."""

    learning_rate: float = 1e-3
    schedule: str = "cosine"
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
    """How long, in what pieces, and by what figure to stop.

    ``steps_per_chunk`` steps run in one compiled program between two looks at the validation figure;
    ``patience`` counts such looks without improvement (None: never stop early). ``watch_gradients`` keeps how the
    columns' gradients stand to each other, too.
    """

    batch_size: int = 128
    steps: int = 1000
    steps_per_chunk: int = 100
    patience: int | None = 20
    keep_best: bool = True
    purpose: str = "reconstruct"
    max_bad_steps: int = 20
    watch_gradients: bool = True
