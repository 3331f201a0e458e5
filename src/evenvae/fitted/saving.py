"""A fitted model written to one safetensors file, and read back without running any code."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.fitted import latent_density, refined_column
from evenvae.fitted.model import FittedModel, Member, Record, members_of, skeleton
from evenvae.fitted.refinement import feature_count, levels_of
from evenvae.io import tensors as tensor_files
from evenvae.likelihoods import Scale
from evenvae.models import Layout, no_tasks
from evenvae.models.repeated_values import RepeatedValues
from evenvae.models.space import Space
from evenvae.options import Options, resolve
from evenvae.options.options import from_json, to_json
from evenvae.options.renamed import from_flat
from evenvae.options.resolution import layout_of, likelihoods_of, resolve_balance
from evenvae.tables import MissingnessModel, Schema, TaskCounts
from evenvae.training import Plan, stack
from evenvae.training.checkpoint import fill_leaves, named_leaves

KIND, VERSION = "model", 2
"""Version 1 held flat options and no plan; the plan was made anew from the options at every load."""
PILOT = "pilot."
"""Before the names of the tensors of the pilot."""


def write(model: FittedModel, path: str | Path, given: dict[str, Any], named: bool) -> None:
    """Write a model; see `EvenVAE.save`.

    Args:
        model: to write.
        path: of the file.
        given: the options of the estimator that made it.
        named: whether the columns of the training table had names.
    """
    import evenvae

    space, record = model.space, model.record
    tensors = _tensors_of(model.members)
    tensors |= {f"space.{name}": getattr(space, name) for name in ("low", "high", "baseline")}
    if space.repeated is not None:
        tensors |= {f"repeated.{name}": value for name, value in vars(space.repeated).items()}
    for number, scale in enumerate(space.scales):
        tensors |= {f"scale.{number}.{name}": np.asarray(v) for name, v in scale._asdict().items()}
    tensors |= {f"tasks.{name}": getattr(model.task_counts, name) for name in ("codes", "counts")}
    if model.missingness is not None:
        holes = vars(model.missingness).items()
        # a model that was saved without its shares is saved without them again
        tensors |= {f"holes.{name}": value for name, value in holes if value is not None}
    tensors |= latent_density.to_tensors(model.densities)
    tensors |= refined_column.to_tensors(model.refinement)
    metadata = {
        "evenvae": evenvae.__version__,
        "options": to_json(given),
        "plan": model.plan.to_dict(),
        "schema": model.schema.to_dict(),
        "members": len(model.members),
        "rows": record.rows,
        "held_out": record.held_out,
        "seed": record.seed,
        "fingerprint": record.fingerprint,
        "history": record.history,
        "named": named,
        "steps": record.steps,
        "interrupted": record.interrupted,
    }
    if model.pilot is not None:
        # its constants, schema and rows are those of the model
        pilot = model.pilot
        tensors |= {f"{PILOT}{name}": value for name, value in _tensors_of(pilot.members).items()}
        metadata["pilot"] = {
            "plan": pilot.plan.to_dict(),
            "history": pilot.record.history,
            "steps": pilot.record.steps,
        }
    tensor_files.write(path, KIND, VERSION, tensors, metadata)


def read(path: str | Path) -> tuple[FittedModel, dict[str, Any], bool]:
    """A model that `write` wrote, the options of the estimator that made it, and whether its columns had names.

    Raises:
        InputError: the file is missing, cut short, altered, not a model, or of a newer version.
    """
    tensors, metadata = tensor_files.read(path, KIND, VERSION)
    schema = Schema.from_dict(metadata["schema"])
    flat = "plan" not in metadata
    given = from_flat(metadata["options"]) if flat else from_json(metadata["options"])
    record = Record(
        metadata["rows"],
        metadata["held_out"],
        metadata["seed"],
        metadata["steps"],
        metadata["interrupted"],
        metadata.get("fingerprint"),
        metadata["history"],
    )
    if flat:
        options = Options.of({field.name: None for field in dataclasses.fields(Options)} | given)
        if options.model == "vae":
            # no model of version 0.1.0 has these, whatever the purpose stands for now
            options = dataclasses.replace(
                options, network=options.network.replaced(sight=False, rich_inputs=False, point_heads=False)
            )
        layout = layout_of(schema.features, options)
        levels = tuple(column.cardinality for column in schema.tasks)
        # the balance by which version 0.1.0 trained, whatever "auto" stands for now
        balance = resolve_balance(options.balance, options.purpose, options.objective.constrained, options.model)
        options = dataclasses.replace(options, balance=balance)
        plan = resolve(options, layout, record.rows - record.held_out, record.held_out, levels)
        plan = dataclasses.replace(plan, latents="sampled" if plan.latents == "fitted" else plan.latents)
    else:
        plan = Plan.from_dict(metadata["plan"])
        layout = Layout.of(likelihoods_of(schema.features, plan.model, plan.numbers, plan.details))
    scales = tuple(
        Scale(*(tensors[f"scale.{number}.{name}"] for name in Scale._fields)) for number in range(len(layout.blocks))
    )
    repeated = _part(tensors, "repeated.")
    space = Space(
        layout,
        scales,
        *(tensors[f"space.{name}"] for name in ("low", "high", "baseline")),
        repeated=RepeatedValues(**repeated) if repeated else None,
    )
    members = _members(plan, space, tensors, metadata["members"], f"The model in {path}")
    missing = _part(tensors, "holes.")
    counts = _part(tensors, "tasks.")
    model = FittedModel(
        members,
        space,
        schema,
        plan,
        TaskCounts(**counts) if counts else TaskCounts.of(no_tasks(record.rows)),
        record,
        MissingnessModel(**missing) if missing else None,
        latent_density.from_tensors(tensors, metadata["members"]),
        refinement=refined_column.from_tensors(tensors, levels_of(layout), feature_count(layout, len(schema.tasks))),
    )
    if "pilot" in metadata:
        own = metadata["pilot"]
        plan = Plan.from_dict(own["plan"])
        pilot = model.replaced(
            members=_members(plan, space, _part(tensors, PILOT), 1, f"The pilot in {path}"),
            plan=plan,
            record=dataclasses.replace(record, history=own["history"], steps=own["steps"]),
            densities=(),
            refinement=(),
        )
        model = model.replaced(pilot=pilot)
    return model, given, metadata["named"]


def _tensors_of(members: tuple[Member, ...]) -> dict[str, np.ndarray]:
    params = stack([eqx.filter(member.network, eqx.is_inexact_array) for member in members])
    states = stack([member.encoder_state for member in members])
    tensors = {f"parameters{name}": value for name, value in named_leaves(params).items()}
    return tensors | {f"encoder_state{name}": value for name, value in named_leaves(states).items()}


def _members(plan: Plan, space: Space, tensors: dict[str, np.ndarray], members: int, what: str) -> Any:
    shapes = lambda tree: jax.tree.map(lambda a: np.broadcast_to(a, (members, *np.shape(a))), tree)
    network = skeleton(plan, space)
    params, rest = eqx.partition(network, eqx.is_inexact_array)
    params = fill_leaves(shapes(params), _part(tensors, "parameters"), what)
    states = fill_leaves(shapes(network.model.encoder.init()), _part(tensors, "encoder_state"), what)
    return members_of(eqx.combine(params, rest), states, np.ones(members, bool))


def _part(tensors: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
