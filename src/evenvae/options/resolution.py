"""From options and the size of a table to the complete plan of a fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evenvae.errors import InputError
from evenvae.likelihoods import Histogram, Likelihood
from evenvae.likelihoods.detailed import NO_DETAILS, Details
from evenvae.likelihoods.registry import family
from evenvae.models import HIVAEConfig, Layout, VAEConfig
from evenvae.objectives import ELBO, Objective
from evenvae.options import exclusions
from evenvae.options.options import Options
from evenvae.options.presets import PRESETS, Preset
from evenvae.options.recipe import Recipe, recipe_of
from evenvae.priors import Mixture
from evenvae.tables.schema.families import Families
from evenvae.training import accounting
from evenvae.training.plan import FITTED_LATENTS, Latents, Numbers, Plan, balancer_of
from evenvae.training.settings import OptimiserSettings, PrivacySettings, Training, TrainingSettings
from evenvae.training.step import Method

LIGHT_KL = 0.1
"""Weight of the KL where a model imputes, or draws latents from a fitted density. A light KL keeps more of a row in its
latent coordinates. Hidden cells were imputed with a tenth to an eighth less error on wine and adult than at weight 1
(benchmarks/imputation.py), and drawn rows were harder to tell from real ones."""

SHOW_ROWS, HIDE_SHOWN = 0.8, 0.6
"""Share of training rows whose visible cells are shown to the decoder of a model with sight, and at most what share of
their cells is hidden."""
SIGHT_DROPOUT = 0.2
"""Share of the inputs that a model with sight drops in training where it imputes, without which it learns small tables
by heart: over 14 tables the error is 0.98 times as large, at best 0.94 and at worst 1.01
(benchmarks/results/imputation.jsonl). Twice as much, and dropout behind the first layer, were worse."""
EPOCHS, FILLING_EPOCHS = 150, 75
"""Passes over the table, and those of a model with sight that imputes."""
RATE, FILLING_RATE = 1e-3, 2e-3
"""Learning rate at the start, and that of a model with sight that imputes: with twice the rate and half
of the passes the error on twenty tables, three seeds, is 1.003 times as large, at worst 1.03 times
(benchmarks/results/imputation.jsonl)."""
PRIVATE_EPOCHS, PRIVATE_BATCHES = 30, 16
"""Epochs of a private fit, and into how many batches at most its rows are cut in the mean: few steps with large batches
need the least noise."""
ROUNDS = 16
"""In how many rounds a model with sight draws the columns of a row. Pair trends were better than with eight on six of
seven tables; one round for every column of tables with more of them was no better, as what is drawn wrongly is passed
on."""


def resolve_balance(balance: str, purpose: str, constrained: bool = False, model: str = "vae") -> str:
    """The balance that ``"auto"`` stands for where there is no `Recipe`; any other name stands for itself.

    Balancing makes reconstruction even; it costs log-likelihood and imputation, so that other purposes are left plain.
    An objective with constraints balances by itself.

    ``gradnorm+pcgrad`` is the best single choice known on mean error, worst column and held-out likelihood together.
    Over the paper's nine tables (its network and epochs, medians of three seeds; benchmarks/results/nine_tables.jsonl)
    the mean error is 0.49 of that without balancing (``imtl-g+pcgrad``: 0.57), the ratio of the worst column 0.87 of it
    (0.93), and the log-likelihood of a row is lower by 1.7 nats in the median (4.7), though by 113 on bank (23). With
    the default network (four tables, two seeds; auto_balance.json) the errors of plain, ``imtl-g+pcgrad`` and
    ``gradnorm+pcgrad`` are 0.156, 0.043, 0.026 on adult, 0.087, 0.031, 0.015 on credit, 0.113, 0.013, 0.011 on diamonds
    and 0.040, 0.032, 0.038 on wine; its worst column is 1.2 times as bad as the best constant on adult and 1.6 times on
    credit. ``gradnorm`` alone is as good: among all twelve combinations (Table 1 of the paper with its initialisation,
    five seeds; benchmarks/results/table1) these two are first, with errors of 0.580 of plain (better on all nine
    tables) and 0.582 (better on eight), worst columns of 0.872 and 0.876, and 2.0 and 2.1 nats less in the median;
    ``gradnorm+graddrop`` follows with 0.639, ``imtl-g`` with 0.652.

    HI-VAE uses ``gradnorm``: balanced at z and at s, ``imtl-g+pcgrad`` left credit and diamonds worse than plain (error
    0.111 and 0.120, plain 0.064 and 0.080) and ``gradnorm`` better (0.034, 0.004;
    benchmarks/results/four_models.jsonl). ``gradnorm+pcgrad`` is as good: over six tables of Table 1 its error is 0.83
    of plain's, that of ``gradnorm`` 0.84.
    """
    if balance != "auto":
        return balance
    if purpose != "reconstruct" or constrained:
        return "none"
    return "gradnorm" if model == "hivae" else "gradnorm+pcgrad"


def resolve_numbers(options: Options) -> Numbers:
    """How numbers are modelled, from the option, the preset and the purpose.

    What a family cannot express (spikes, several humps) shows in every row that is drawn from it; trees tell such rows
    from real ones almost always (benchmarks/synthetic.py).
    """
    chosen = options.sampling.over(PRESETS[options.preset].sampling).numbers
    return chosen or ("histogram" if options.purpose == "sample" else "family")


def families_of(model: str | None, preset: str | None, task: Any) -> Families:
    """How the likelihoods of numbers are chosen where the schema leaves them open.

    By the paper's rules for the paper's settings, for HI-VAE, which knows no other families, and with tasks: a column's
    marginal over all tasks is no evidence of its distribution within one. Else by evidence.
    """
    return "paper" if model == "hivae" or preset == "paper" or task is not None else "evidence"


def resolve_latents(options: Options, layout: Layout, tasks: tuple[int, ...], recipe: Recipe | None = None) -> Latents:
    """Which density of the latents a fitted model has, from the option, the preset, the purpose and the columns.

    With tasks the prior is used: it is the same for all tasks by construction, and a row that is translated to another
    task relies on that.
    """
    if tasks or options.task is not None or layout.elements > layout.features or options.privacy.asked:
        return "prior"
    chosen = options.sampling.over(PRESETS[options.preset].sampling).latents
    by_default = "fitted" if options.purpose == "sample" else recipe.latents if recipe else "prior"
    return chosen or by_default


def layout_of(columns: Sequence[Any], options: Options) -> Layout:
    """The layout of the modelled columns of a schema under these options."""
    return Layout.of(likelihoods_of(columns, options.model, resolve_numbers(options), resolve_details(options)))


def resolve_details(options: Options) -> Details:
    """What is added to the families of numbers, from the option, the preset and the purpose."""
    if options.model == "hivae":
        return NO_DETAILS
    chosen: Any = options.network.over(PRESETS[options.preset].network)
    by_default = _completes(options)
    return Details(
        _or(chosen.rich_inputs, by_default), _or(chosen.point_heads, by_default and options.purpose == "impute")
    )


def has_sight(options: Options, layout: Layout, tasks: tuple[int, ...]) -> bool:
    """Whether the decoder sees the cells that are there, from the option, the preset, the purpose and the columns."""
    if options.model == "hivae":
        return False
    chosen: Any = options.network.over(PRESETS[options.preset].network)
    return _or(chosen.sight, _completes(options) and layout.tabular and not (tasks or options.task))


def _completes(options: Options) -> bool:
    """Whether the model is to complete rows, and neither the preset nor the objective says how it is made."""
    return options.purpose in ("impute", "sample") and options.preset == "default" and options.objective.name == "elbo"


def likelihoods_of(
    columns: Sequence[Any], model: str, numbers: Numbers, details: Details = NO_DETAILS
) -> list[Likelihood]:
    """The likelihood of every modelled column of a schema, for a ``model`` that models numbers by ``numbers``.

    HI-VAE takes log(1 + x) of positive numbers, as its authors do (Nazabal et al., 2020).
    """
    histogram = numbers == "histogram"
    made = []
    for column in columns:
        if histogram and not column.is_image and not column.discrete:
            made.append(details.of(Histogram()))
            continue
        kind = family(column.likelihood, image=column.is_image)
        likelihood = kind.of_column(column.cardinality, column.shape, column.steps)
        likelihood = likelihood.for_hivae() if model == "hivae" else likelihood
        made.append(likelihood if column.is_image or column.discrete else details.of(likelihood))
    return made


def resolve(
    options: Options,
    layout: Layout,
    rows: int,
    validation_rows: int,
    tasks: tuple[int, ...] = (),
    names: tuple[str, ...] = (),
) -> Plan:
    """Fill what is left open from the preset, then from the purpose and the size of the table.

    Args:
        options: of the fit.
        layout: of the table's columns.
        rows: rows to learn from.
        validation_rows: rows held out.
        tasks: numbers of levels of the task columns.
        names: of the columns, for messages.

    Raises:
        InputError: the options do not fit the columns, or the balance is unknown.
    """
    exclusions.check_table(options, layout, tasks, names)
    preset = PRESETS[options.preset]
    hivae = options.model == "hivae"
    training = options.training.over(preset.hivae_training if hivae else preset.training)
    sight = has_sight(options, layout, tasks)
    if training.patience is None and sight:
        # the last steps, at a low rate, are worth most to what is filled in
        training = training.replaced(patience=0)
    fills = sight and options.purpose == "impute" and not options.privacy.asked
    draws = sight and options.purpose == "sample"
    usual_epochs, usual_rate = (FILLING_EPOCHS, FILLING_RATE) if fills else (EPOCHS, RATE)
    settings, per_epoch = _training(options, training, preset, rows, validation_rows, usual_epochs)
    # a single column, such as an image, has nothing to be balanced against
    alone = layout.features == 1 or options.privacy.asked
    asked = "none" if alone and options.balance == "auto" else options.balance
    recipe = recipe_of(options, layout, tasks)
    if recipe is None:
        balance = resolve_balance(asked, options.purpose, options.objective.constrained, options.model)
    else:
        balance = recipe.balance
    try:
        balancer = balancer_of(balance)
    except ValueError as error:
        raise InputError(f"balance={balance!r}: {error}") from error
    exclusions.warn_of_constraints(options, balance, blind_to_scale=balancer.blind_to_scale)
    latents = resolve_latents(options, layout, tasks, recipe)
    light = options.purpose == "impute" or (options.purpose == "sample" and latents in FITTED_LATENTS)
    kl_weight = preset.kl_weight or (recipe.kl_weight if recipe else LIGHT_KL if light else 1.0)
    warm_up = round(min(per_epoch, settings.steps / 10))
    hide_cells = training.hide_cells
    if hide_cells is None:
        hide_cells = recipe.hide_cells if recipe else 0.5 if options.purpose == "impute" else 0.0
    shown = (SHOW_ROWS, 1.0 if options.purpose == "sample" else max(hide_cells, HIDE_SHOWN)) if sight else (0.0, 0.0)
    if hivae:
        network = _hivae(options, preset, settings, per_epoch)
    else:
        network = _vae(options, preset, layout, rows, tasks, sight)
    return Plan(
        network=network,
        prior=Mixture(network.components) if isinstance(network, HIVAEConfig) else options.prior,
        method=Method(
            _objective(options, preset).completed(kl_weight, warm_up, per_epoch),
            balancer,
            float(hide_cells),
            *shown,
            even_turns=draws,
            privacy=resolve_privacy(options, rows, settings.batch_size, settings.steps),
            binarise=bool(training.binarise),
            cycle=float(training.cycle or 0.0),
        ),
        optimiser=_optimiser(training, settings.steps, usual_rate),
        training=settings,
        balance=balance,
        numbers=resolve_numbers(options),
        latents=latents,
        ensemble=options.ensemble,
        bootstrap=bool(training.bootstrap),
        rounds=(options.sampling.rounds or ROUNDS) if sight else 1,
        match_marginals=_or(options.sampling.match_marginals, draws and not options.privacy.asked),
    )


def _training(
    options: Options, training: Training, preset: Preset, rows: int, validation_rows: int, usual_epochs: int
) -> tuple[TrainingSettings, float]:
    """How long and in what chunks, and the steps of an epoch; ``usual_epochs`` where none are given."""
    private = options.privacy.asked
    usual = 128 if rows < 50_000 else 256
    batch = min(_or(training.batch_size, max(usual, rows // PRIVATE_BATCHES) if private else usual), rows)
    per_epoch = rows / batch
    epochs = _or(options.epochs, preset.hivae_epochs if options.model == "hivae" else preset.epochs)
    epochs = PRIVATE_EPOCHS if private and epochs is None else epochs
    steps = int(np.clip(usual_epochs * per_epoch, 1500, 20_000)) if epochs is None else round(epochs * per_epoch)
    steps = max(1, steps)
    chunk = min(int(np.clip(per_epoch, 50, 500)), steps)
    evaluations = -(-steps // chunk)
    # chunks of one length are one program; a shorter last one would be compiled separately
    chunk = round(steps / evaluations)
    patience = _or(training.patience, max(10, evaluations // 4))
    return TrainingSettings(
        batch_size=batch,
        steps=evaluations * chunk,
        steps_per_chunk=chunk,
        patience=None if private else patience or None,
        # kappa does not ask for the least error: the last state is kept, where the constraint holds
        keep_best=validation_rows > 0 and not options.objective.keeps_last,
        purpose=options.purpose,
        record_gradients=not private,
    ), per_epoch


def resolve_privacy(options: Options, rows: int, batch: int, steps: int) -> PrivacySettings | None:
    """The mechanism that keeps the epsilon that is asked for, with the least noise; None where none is asked for.

    Raises:
        InputError: dp-accounting is not installed, or no noise is enough.
    """
    asked = options.privacy
    if asked.epsilon is None:
        return None
    delta = _or(asked.delta, 0.1 / rows)
    rate = batch / rows
    noise = accounting.noise_for(float(asked.epsilon), delta, rate, steps)
    return PrivacySettings(
        epsilon=accounting.epsilon_of(noise, rate, steps, delta),
        delta=float(delta),
        clipping=float(_or(asked.clipping, 1.0)),
        noise_multiplier=noise,
        sampling_rate=rate,
        rows=rows,
        steps=steps,
        accountant=accounting.name_of_accountant(),
    )


def _objective(options: Options, preset: Preset) -> Objective:
    """The objective, with the preset's warm-up of the KL where it is an ELBO that leaves it open."""
    objective = options.objective
    if isinstance(objective, ELBO) and objective.warm_up_epochs is None:
        return objective.replaced(warm_up_epochs=preset.warm_up_epochs)
    return objective


def _optimiser(training: Training, steps: int, usual_rate: float) -> OptimiserSettings:
    return OptimiserSettings(
        learning_rate=_or(training.learning_rate, usual_rate),
        schedule=_or(training.schedule, "cosine"),
        total_steps=steps,
        weight_decay=_or(training.weight_decay, 1e-4),
        clip=_or(training.clip, 10.0) or None,
    )


def _vae(options: Options, preset: Preset, layout: Layout, rows: int, tasks: tuple[int, ...], sight: bool) -> VAEConfig:
    chosen: Any = options.network.over(preset.network)
    images = exclusions.images(layout)
    features = layout.features
    small = max(1, int(0.5 * features + 0.5))
    usual = int(np.clip(64 * round(rows**0.25 / 5) + 64 * sight, 64, 256))
    latent = small if preset.small_latent else min(max(2 * features + 30 * images, 2), 64)
    return VAEConfig(
        latent_size=_or(options.latent_size, _or(preset.latent_size, latent)),
        width=_or(chosen.width, 256 if images else usual),
        depth=_or(chosen.depth, 2),
        kind=_or(chosen.kind, "residual"),
        encoder_input=_or(chosen.encoder_input, "standardized_onehot"),
        dropout=_or(chosen.dropout, SIGHT_DROPOUT if sight and options.purpose == "impute" else 0.0),
        see_mask=_or(chosen.see_mask, True),
        initialisation=_or(chosen.initialisation, "marginals"),
        tasks=tasks,
        sight=sight,
        details=resolve_details(options),
        activation=_or(chosen.activation, "gelu"),
    )


def _hivae(options: Options, preset: Preset, training: TrainingSettings, per_epoch: float) -> HIVAEConfig:
    chosen: Any = options.network.over(preset.hivae)
    return HIVAEConfig(
        latent_size=_or(options.latent_size, 10),
        components=_or(chosen.components, 10),
        slice_size=_or(chosen.slice_size, 5),
        least_temperature=_or(chosen.least_temperature, 0.1),
        # a run of fewer than 200 epochs cools by its own length: to 0.1 when 45 % of it is over
        steps_per_epoch=per_epoch if preset.cools_by_epoch else max(1e-6, min(per_epoch, training.steps / 200)),
    )


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
