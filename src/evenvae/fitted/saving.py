"""A fitted model written to one safetensors file, and read back without running any code."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.errors import InputError
from evenvae.fitted import latent_density, polish, refined_column
from evenvae.fitted.model import FittedModel, Member, Record, members_of, skeleton
from evenvae.fitted.refinement import feature_count, levels_of
from evenvae.io import tensors as tensor_files
from evenvae.io.typed import check_fields, is_of
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
NAMES_OF_RECORD = tuple(field.name for field in dataclasses.fields(Record))
PILOT = "pilot."
"""Before the names of the tensors of the pilot."""
SHIFTS = "marginal_shifts"


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
    tensors |= polish.to_tensors(model.polish)
    if model.marginal_shifts is not None:
        tensors[SHIFTS] = model.marginal_shifts
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
        **({"versions": record.versions} if record.versions else {}),
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
    tensor_files.check_finite(_numbers(tensors), "The model")
    tensor_files.write(path, KIND, VERSION, tensors, metadata)


def read(path: str | Path) -> tuple[FittedModel, dict[str, Any], bool]:
    """A model that `write` wrote, the options of the estimator that made it, and whether its columns had names.

    Raises:
        InputError: the file is missing, cut short, altered, not a model, or of a newer version.
    """
    tensors, metadata = tensor_files.read(path, KIND, VERSION)
    with tensor_files.interpreted(path, KIND):
        tensor_files.check_finite(_numbers(tensors), f"The model in {path}")
        return _model_of(tensors, metadata, path)


def _model_of(
    tensors: dict[str, np.ndarray], metadata: dict[str, Any], path: str | Path
) -> tuple[FittedModel, dict[str, Any], bool]:
    schema = Schema.from_dict(metadata["schema"])
    said = {name: metadata[name] for name in NAMES_OF_RECORD if name in metadata}
    check_fields(Record, {"fingerprint": None} | said, "The file")
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
        metadata.get("versions", {}),
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
    for block, scale in zip(layout.blocks, scales, strict=True):
        if any(len(np.atleast_1d(part)) != len(block.columns) for part in scale):
            raise InputError("The constants of the columns do not fit the schema.")
    repeated = _part(tensors, "repeated.")
    if repeated:
        check_fields(RepeatedValues, repeated, "The file: repeated")
        if not ((repeated["places"] >= 0) & (repeated["places"] < schema.elements)).all():
            raise InputError("The repeated values do not fit the schema.")
    bounds = {name: tensors[f"space.{name}"] for name in ("low", "high", "baseline")}
    if any(bound.shape != (schema.elements,) for bound in bounds.values()):
        raise InputError("The bounds of the columns do not fit the schema.")
    space = Space(
        layout,
        scales,
        **bounds,
        repeated=RepeatedValues(**repeated) if repeated else None,
    )
    members = _members(plan, space, tensors, metadata["members"], f"The model in {path}")
    missing = _part(tensors, "holes.")
    if missing:
        check_fields(MissingnessModel, missing, "The file: holes", D=len(schema.features))
    counts = _part(tensors, "tasks.")
    if counts:
        check_fields(TaskCounts, counts, "The file: tasks", T=len(schema.tasks))
    shifts = tensors.get(SHIFTS)
    if shifts is not None and shifts.shape != (plan.ensemble, layout.width):
        raise InputError("The shifts of the heads do not fit the schema.")
    model = FittedModel(
        members,
        space,
        schema,
        plan,
        TaskCounts(**counts) if counts else TaskCounts.of(no_tasks(record.rows)),
        record,
        MissingnessModel(**missing) if missing else None,
        latent_density.from_tensors(tensors, metadata["members"], plan),
        refinement=refined_column.from_tensors(tensors, levels_of(layout), feature_count(layout, len(schema.tasks))),
        polish=polish.from_tensors(tensors, len(schema.features) + len(schema.tasks)),
        marginal_shifts=shifts,
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
            polish=None,
            marginal_shifts=None,
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
    if not (is_of(members, int) and members == plan.ensemble):
        raise InputError(f"{what} has {members!r} members where its plan has {plan.ensemble}.")
    largest = sum(value.size for name, value in tensors.items() if name.startswith("parameters"))
    sizes = [value for value in dataclasses.asdict(plan.network).values() if is_of(value, int)]
    if any(not 0 <= size <= largest for size in sizes):
        raise InputError(f"{what} names a size of its network that its parameters do not have.")
    network = skeleton(plan, space)
    params, rest = eqx.partition(network, eqx.is_inexact_array)
    params = fill_leaves(shapes(params), _part(tensors, "parameters"), what)
    states = fill_leaves(shapes(network.model.encoder.init()), _part(tensors, "encoder_state"), what)
    return members_of(eqx.combine(params, rest), states, np.ones(members, bool))


def _numbers(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors that hold finite numbers only; in the others NaN and infinity say "no level" and "always"."""
    said = ("holes.level", "holes.intercepts", refined_column.PREFIX, polish.PREFIX)
    return {name: value for name, value in tensors.items() if not name.startswith(said)}


def _part(tensors: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
