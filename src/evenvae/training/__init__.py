"""Training: the balanced step, the compiled loop over it, runs side by side, checkpoints."""

from evenvae.training.batches import BatchStream
from evenvae.training.loop import Progress, Trained, stack, static_part, train
from evenvae.training.purpose import PURPOSES, SLICE, Validation
from evenvae.training.runs import Data, Run, start
from evenvae.training.settings import OptimiserSettings, TrainingSettings
from evenvae.training.step import Method, Network, Report, States, balanced_gradients, evaluate, first_states, loss
from evenvae.training.watching import OPPOSED
from evenvae.training.weighing import checked, present, resampled, standing

__all__ = [
    "OPPOSED",
    "PURPOSES",
    "SLICE",
    "BatchStream",
    "Data",
    "Method",
    "Network",
    "OptimiserSettings",
    "Progress",
    "Report",
    "Run",
    "States",
    "Trained",
    "TrainingSettings",
    "Validation",
    "balanced_gradients",
    "checked",
    "evaluate",
    "first_states",
    "loss",
    "present",
    "resampled",
    "stack",
    "standing",
    "start",
    "static_part",
    "train",
]
