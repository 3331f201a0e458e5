"""Training: the balanced step, the compiled loop over it, runs side by side, checkpoints."""

from evenvae.training.batches import BatchStream
from evenvae.training.devices import leads
from evenvae.training.gradient_diagnostics import OPPOSED
from evenvae.training.loop import Progress, Trained, stack, train
from evenvae.training.plan import Plan
from evenvae.training.runs import Data, Run, start
from evenvae.training.sample_weight import bootstrap_weights, expand_by_weight, nonzero_rows, validate
from evenvae.training.settings import PURPOSES, OptimiserSettings, Training, TrainingSettings
from evenvae.training.setup import Prepared
from evenvae.training.skeleton import Skeleton
from evenvae.training.step import Method, Network, Report, States, balanced_gradients, evaluate, first_states, loss
from evenvae.training.validation import SLICE, Validation

__all__ = [
    "OPPOSED",
    "PURPOSES",
    "SLICE",
    "BatchStream",
    "Data",
    "Method",
    "Network",
    "OptimiserSettings",
    "Plan",
    "Prepared",
    "Progress",
    "Report",
    "Run",
    "Skeleton",
    "States",
    "Trained",
    "Training",
    "TrainingSettings",
    "Validation",
    "balanced_gradients",
    "bootstrap_weights",
    "evaluate",
    "expand_by_weight",
    "first_states",
    "leads",
    "loss",
    "nonzero_rows",
    "stack",
    "start",
    "train",
    "validate",
]
