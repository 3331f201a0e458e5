"""A fitted model to one safetensors file and back."""

from pathlib import Path

import equinox as eqx
import jax
import numpy as np

from evenvae import latents, storage
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.likelihoods import Scale
from evenvae.models import Layout
from evenvae.models.space import Space
from evenvae.settings import make_plan
from evenvae.tables import HolePattern, Schema
from evenvae.tables.tasks import TaskCounts
from evenvae.training import stack
from evenvae.training.checkpoint import fill_leaves, named_leaves

KIND, VERSION = "model", 1


def save(model: EvenVAE, path: str | Path) -> None:
    """See `EvenVAE.save`."""
    import evenvae

    space = model.space_
    params = stack([eqx.filter(network, eqx.is_inexact_array) for network, _ in model.members_])
    states = stack([state for _, state in model.members_])
    tensors = {f"parameters{name}": value for name, value in named_leaves(params).items()}
    tensors |= {f"encoder_state{name}": value for name, value in named_leaves(states).items()}
    tensors |= {f"space.{name}": getattr(space, name) for name in ("low", "high", "baseline")}
    for number, scale in enumerate(space.scales):
        tensors |= {f"scale.{number}.{name}": np.asarray(v) for name, v in scale._asdict().items()}
    if model.task_counts_ is not None:
        tensors |= {f"tasks.{name}": getattr(model.task_counts_, name) for name in ("codes", "counts")}
    if model.hole_pattern_ is not None:
        tensors |= {f"holes.{name}": value for name, value in vars(model.hole_pattern_).items()}
    tensors |= latents.tensors(model)
    options = model.get_params(deep=False)
    options["schema"] = None  # the completed schema is stored beside the options
    metadata = {
        "evenvae": evenvae.__version__,
        "options": options,
        "schema": model.schema_.to_dict(),
        "members": len(model.members_),
        "rows": model.rows_,
        "held_out": model.held_out_,
        "seed": model.seed_,
        "fingerprint": model.fingerprint_,
        "history": model.history_,
        "named": hasattr(model, "feature_names_in_"),
        "steps": model.n_steps_,
        "interrupted": model.interrupted_,
    }
    storage.write(path, KIND, VERSION, tensors, metadata)


def load(path: str | Path) -> EvenVAE:
    """A model that `EvenVAE.save` wrote; loading can't run code.

    Raises InputError for a file that is missing, cut, altered, no model, or of a newer version.
    """
    tensors, metadata = storage.read(path, KIND, VERSION)
    known = set(EvenVAE().get_params())
    unknown = set(metadata["options"]) - known
    if unknown:
        raise InputError(f"{path} holds options this EvenVAE does not know: {', '.join(sorted(unknown))}.")
    # models saved before there was a choice had columns' own families, and drew from the prior
    model = EvenVAE(**{"numbers": "family", "latents": "prior", **metadata["options"]})
    model.schema_ = Schema.from_dict(metadata["schema"])
    layout = Layout.of(model._likelihoods())
    scales = tuple(
        Scale(*(tensors[f"scale.{number}.{name}"] for name in Scale._fields)) for number in range(len(layout.blocks))
    )
    model.space_ = Space(layout, scales, *(tensors[f"space.{name}"] for name in ("low", "high", "baseline")))
    model.seed_ = metadata["seed"]
    model.fingerprint_ = metadata.get("fingerprint")
    model.rows_, model.held_out_ = metadata["rows"], metadata["held_out"]
    model.n_steps_, model.interrupted_ = metadata["steps"], metadata["interrupted"]
    model.history_ = metadata["history"]
    model.n_features_in_ = len(model.schema_.names)
    if metadata["named"]:
        model.feature_names_in_ = np.array(model.schema_.names, dtype=object)
    levels = tuple(column.cardinality for column in model.schema_.tasks)
    model.task_counts_ = TaskCounts(tensors["tasks.codes"], tensors["tasks.counts"]) if levels else None
    options = model.get_params(deep=False)
    model.plan_ = make_plan(options, layout, model.rows_ - model.held_out_, model.held_out_, levels)
    skeleton = model._skeleton()
    members = metadata["members"]
    shapes = lambda tree: jax.tree.map(lambda a: np.broadcast_to(a, (members, *np.shape(a))), tree)
    part = lambda prefix: {
        name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)
    }
    holes = part("holes.")
    model.hole_pattern_ = HolePattern(**holes) if holes else None
    what = f"The model in {path}"
    params = fill_leaves(shapes(eqx.filter(skeleton, eqx.is_inexact_array)), part("parameters"), what)
    states = fill_leaves(shapes(skeleton.model.encoder.init()), part("encoder_state"), what)
    model._keep(params, states, alive=np.ones(members, bool))
    model.latents_ = latents.from_tensors(tensors, members)
    return model
