"""What is left open follows the preset, the purpose and the size of the table."""

import dataclasses
import json
import logging

import pytest

from evenvae import ELBO, GECO, EvenVAE, InputError, Network, Sampling, Training
from evenvae.likelihoods import Bernoulli, BernoulliPixels, Histogram, LogNormal, Normal, SquaredPixels
from evenvae.models import Layout
from evenvae.options import Options, resolve
from evenvae.options.resolution import families_of, likelihoods_of
from evenvae.priors import Implicit, Mixture, Standard, Vamp
from evenvae.tables import Column
from evenvae.training import Plan

NUMBERS = Layout.of([Normal(), LogNormal(), Bernoulli()])
IMAGE = Layout.of([SquaredPixels((4, 4, 1))])


def plan(layout=NUMBERS, rows=1000, tasks=(), **given):
    return resolve(Options.of(EvenVAE(**given).get_params(deep=False)), layout, rows, rows // 10, tasks)


@pytest.mark.parametrize(
    ("given", "balance"),
    [
        ({}, "power-norm[gamma=0.5]"),
        ({"preset": "paper"}, "gradnorm+pcgrad"),
        ({"objective": "iwae"}, "gradnorm+pcgrad"),
        ({"model": "hivae"}, "gradnorm"),
        ({"purpose": "impute"}, "none"),
        ({"objective": "geco"}, "none"),
        ({"objective": GECO(gain=0.1)}, "none"),
        ({"balance": "upgrad"}, "upgrad"),
    ],
)
def test_auto_balance(given, balance):
    assert plan(**given).balance == balance
    assert plan(**given).method.balancer.name == balance


def test_a_single_column_has_nothing_to_be_balanced_against():
    assert plan(IMAGE).balance == "none"


@pytest.mark.parametrize(
    ("given", "latents"),
    [
        ({}, "fitted"),
        ({"sampling": Sampling(latents="prior")}, "prior"),
        ({"sampling": Sampling(latents="flow")}, "flow"),
        ({"prior": "vamp"}, "fitted"),
        ({"balance": "none"}, "prior"),
        ({"balance": "power-norm[gamma=0.5]"}, "prior"),
        ({"preset": "paper"}, "prior"),
        ({"model": "hivae"}, "prior"),
        ({"purpose": "score"}, "prior"),
        ({"tasks": (3,)}, "prior"),
    ],
)
def test_the_recipe_is_whole_or_absent(given, latents):
    found = plan(**given)
    assert found.latents == latents
    assert found.prior == (Vamp() if given.get("prior") else Mixture(10) if given.get("model") else Standard())


@pytest.mark.parametrize(
    ("given", "weight"),
    [
        ({}, 0.1),
        ({"balance": "none"}, 1.0),
        ({"objective": ELBO(beta=0.7)}, 0.7),
        ({"preset": "paper"}, 1.0),
        ({"purpose": "impute"}, 0.1),
        ({"purpose": "sample"}, 0.1),
        ({"purpose": "sample", "sampling": Sampling(latents="prior")}, 1.0),
        ({"purpose": "impute", "preset": "paper"}, 1.0),
        ({"purpose": "impute", "objective": ELBO(beta=0.7)}, 0.7),
    ],
)
def test_weight_of_the_kl(given, weight):
    assert plan(**given).method.objective.kl_weight == weight


@pytest.mark.parametrize(
    ("given", "sight", "details"),
    [
        ({"purpose": "impute"}, True, (True, True)),
        ({"purpose": "sample"}, True, (True, False)),
        ({}, False, (False, False)),
        ({"purpose": "score"}, False, (False, False)),
        ({"purpose": "impute", "preset": "paper"}, False, (False, False)),
        ({"purpose": "impute", "objective": "iwae"}, False, (False, False)),
        ({"purpose": "impute", "tasks": (3,)}, False, (True, True)),
        ({"purpose": "sample", "model": "hivae"}, False, (False, False)),
        ({"network": Network(sight=True)}, True, (False, False)),
        ({"purpose": "impute", "network": Network(sight=False, point_heads=False)}, False, (True, False)),
    ],
)
def test_which_models_have_sight_and_details(given, sight, details):
    found = plan(**given)
    assert (found.sight, tuple(found.details)) == (sight, details)
    assert (found.method.show_rows > 0) == sight
    assert found.method.even_turns == (sight and given.get("purpose") == "sample")
    assert found.rounds == (16 if sight else 1)
    # the last steps count most where cells are filled in from sight
    assert (found.training.patience is None) == sight or given.get("preset") == "paper"


@pytest.mark.parametrize(
    ("given", "epochs", "rate"),
    [
        ({}, 150, 1e-3),
        ({"purpose": "sample"}, 150, 1e-3),
        ({"purpose": "impute"}, 75, 2e-3),
        ({"purpose": "impute", "network": Network(sight=False)}, 150, 1e-3),
        ({"purpose": "impute", "epochs": 30, "training": Training(learning_rate=0.01)}, 30, 0.01),
    ],
)
def test_what_fills_learns_in_half_of_the_passes_at_twice_the_rate(given, epochs, rate):
    found = plan(rows=12_800, **given)
    assert found.training.steps == pytest.approx(epochs * 100, rel=0.02)
    assert found.optimiser.learning_rate == rate
    # small tables have no fewer steps than others
    assert given.get("epochs") or plan(rows=400, **given).training.steps >= 1500


def test_the_paper_preset_holds_where_nothing_else_is_said():
    found = plan(preset="paper", network=Network(width=9), training=Training(clip=2.0))
    network = found.network
    assert (network.kind, network.width, network.dropout, network.see_mask) == ("paper", 9, 0.1, False)
    assert network.latent_size == 2  # half of three columns, rounded up
    assert (found.optimiser.clip, found.optimiser.schedule, found.optimiser.weight_decay) == (2.0, "constant", 0.0)
    assert found.training.patience is None
    hivae = plan(model="hivae", preset="paper", rows=2000)
    assert (hivae.network.least_temperature, hivae.training.batch_size) == (1e-3, 1000)
    # 2000 epochs of two steps, in whole chunks
    assert hivae.training.steps == pytest.approx(4000, abs=hivae.training.steps_per_chunk)


def test_zero_turns_clipping_and_patience_off():
    assert plan(training=Training(clip=0, patience=0)).optimiser.clip is None
    assert plan(training=Training(clip=0, patience=0)).training.patience is None
    assert plan().optimiser.clip == 10.0
    assert plan().training.patience >= 10


def test_kappa_keeps_the_last_state():
    assert plan(IMAGE).training.keep_best
    assert not plan(IMAGE, objective=GECO(kappa=2.0)).training.keep_best


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": "hivae", "objective": "iwae"}, "needs model='vae'"),
        ({"model": "hivae", "prior": "vamp"}, "own mixture prior"),
        ({"model": "hivae", "tasks": (2,)}, "task needs model='vae'"),
        ({"model": "hivae", "layout": IMAGE}, "too few for an image"),
        ({"model": "hivae", "network": Network(width=3)}, "HIVAENetwork"),
        ({"network": "conv"}, "for images"),
        ({"network": "conv", "layout": IMAGE, "tasks": (2,)}, "single image column cannot use task"),
        ({"sampling": Sampling(latents="fitted"), "tasks": (2,)}, "latents='fitted'"),
        ({"objective": "beta"}, "beta=4"),
        ({"balance": "imtlg"}, "did you mean 'imtl-g'"),
    ],
)
def test_options_that_exclude_each_other_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        plan(**given)


def test_a_family_that_hivae_does_not_know_is_refused(monkeypatch):
    monkeypatch.setattr(LogNormal, "hivae", None)
    with pytest.raises(InputError, match="does not know the likelihood 'lognormal'"):
        plan(model="hivae")


def test_balancers_that_undo_multipliers_are_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        plan(objective=GECO(constraint="column"), balance="pcgrad")
        assert not caplog.records
        plan(objective=GECO(constraint="column"), balance="imtl-g+pcgrad")
    assert "without bound" in caplog.text


def test_likelihoods_follow_the_schema_the_model_and_the_purpose():
    columns = [Column("a", likelihood="lognormal"), Column("b", likelihood="bernoulli", levels=(0, 1))]
    assert likelihoods_of(columns, "vae", "family") == [LogNormal(), Bernoulli()]
    assert likelihoods_of(columns, "hivae", "family") == [LogNormal(offset=1.0), Bernoulli()]
    assert likelihoods_of(columns, "vae", "histogram") == [Histogram(), Bernoulli()]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model": "hivae", "preset": "paper"},
        {"objective": "geco-iwae", "prior": "exemplar", "tasks": (2, 3), "balance": "cagrad[c=0.2]"},
        {"objective": "dreg", "prior": "optimal", "balance": "none", "purpose": "sample", "ensemble": 3},
        {"layout": IMAGE, "network": "conv", "objective": GECO(kappa=2.0)},
    ],
)
def test_a_plan_goes_to_json_and_back(given):
    made = plan(**given)
    assert Plan.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    assert dataclasses.is_dataclass(made)


def test_who_gets_families_by_evidence():
    assert families_of("vae", "default", None) == "evidence"
    assert families_of(None, None, None) == "evidence"
    assert families_of("hivae", "default", None) == "paper"
    assert families_of("vae", "paper", None) == "paper"
    assert families_of("vae", "default", ["site"]) == "paper"


def test_the_preset_of_the_implicit_prior_is_its_papers_network_and_training():
    found = plan(rows=6000, preset="implicit", prior="implicit")
    network, training = found.network, found.training
    assert (network.kind, network.activation, network.width, network.depth) == ("mlp", "tanh", 500, 2)
    assert network.latent_size == 40
    assert (training.batch_size, found.optimiser.learning_rate, found.optimiser.schedule) == (100, 1e-4, "constant")
    assert training.steps == pytest.approx(1000 * 60, rel=0.01)
    assert found.method.objective == ELBO(beta=1.0, warm_up_epochs=100, steps_per_epoch=60.0)
    assert found.prior == Implicit()
    own = plan(rows=6000, preset="implicit", objective=ELBO(warm_up_epochs=3), latent_size=5)
    assert (own.method.objective.warm_up_epochs, own.network.latent_size) == (3, 5)


def test_a_plan_with_cycle_consistency_and_drawn_pixels_is_read_back_whole():
    cycled = plan(tasks=(2,), task="site", prior="vamp", training=Training(cycle=0.5))
    layout = Layout.of([BernoulliPixels((4, 4, 1))])
    drawn = plan(layout, training=Training(binarise=True), prior=Implicit(width=8, normalise=False))
    assert (cycled.method.cycle, drawn.method.binarise) == (0.5, True)
    for found in (cycled, drawn):
        assert Plan.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(InputError, match="images with the likelihood bernoulli"):
        plan(training=Training(binarise=True))
