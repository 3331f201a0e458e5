"""The optimal-prior tables on made-up images: every run kept, gone on with, and none made twice."""

import json

import numpy as np
import pytest

from evenvae import datasets
from evenvae.datasets import Images, ImageSet
from evenvae.errors import InputError
from evenvae.experiments import optimal_prior

TINY = {"latent_size": 2, "epochs": 2, "network__width": 8, "network__depth": 1, "training__batch_size": 32}


@pytest.fixture
def made_up(monkeypatch):
    def load(name):
        rng = np.random.default_rng(len(name))
        labels = rng.integers(2, size=120)
        pixels = np.clip(0.2 + 0.6 * labels[:, None, None] + 0.1 * rng.normal(size=(120, 3, 3)), 0, 1)
        part = Images(pixels, labels)
        kind = "normal" if name in ("frey", "olivetti", "umist") else "bernoulli"
        return ImageSet(name, kind, part, part, part)

    monkeypatch.setattr(datasets, "load_images", load)


@pytest.mark.slow
def test_runs_are_kept_and_gone_on_with(made_up, tmp_path):
    options = {"pairs": ["usps-mnist"], "seeds": 1, **TINY}
    optimal_prior(tmp_path / "out", models=["CVAE"], **options)
    with pytest.raises(InputError, match="--resume"):
        optimal_prior(tmp_path / "out", models=["CVAE"], **options)
    said = []
    text = optimal_prior(tmp_path / "out", models=["CVAE", "optimal"], resume=True, say=said.append, **options)
    assert [line for line in said if not line.startswith(" ")] == ["usps-mnist, optimal, seed 0"]
    runs = [json.loads(line) for line in (tmp_path / "out" / "runs.jsonl").read_text().splitlines()]
    assert [run["model"] for run in runs] == ["CVAE", "optimal"]
    assert all(run["rows"] == {"usps": 120, "mnist": 100} for run in runs)
    assert all(0 <= run["accuracy_even"] <= 1 for run in runs)
    assert all(0 <= run["task_probe_accuracy"] <= 1 and run["task_rows"] == 240 for run in runs)
    assert "effective draws behind it" in text
    assert "(-149.08)" in text
    assert (tmp_path / "out" / "optimal-prior.md").read_text() == text


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "tasks"), [("usps-mnist", 2), ("faces", 3)])
def test_cycle_consistency_on_digits_and_faces_says_how_far_the_task_is_told(made_up, tmp_path, pair, tasks):
    models = ["VAE", "vamp-cycle"]
    small = {"prior__components": 4, "training__hide_cells": 0.5}
    for model, own in zip(models, ({}, small), strict=True):
        optimal_prior(tmp_path / "out", pairs=[pair], models=[model], seeds=1, resume=True, **TINY | own)
    text = (tmp_path / "out" / "optimal-prior.md").read_text()
    without, run = (json.loads(line) for line in (tmp_path / "out" / "runs.jsonl").read_text().splitlines())
    # a model that does not know the task is not asked for it
    assert "task_probe_accuracy" not in without
    assert run["options"]["training.cycle"] == 2
    assert run["task_probe_chance"] == pytest.approx(1 / tasks)
    assert run["task_entropy"] == pytest.approx(np.log(tasks))
    assert np.isfinite(run["log_likelihood"])
    (told,) = (line for line in text.split("## How far the task is told")[1].splitlines() if "± " in line)
    assert f"{run['task_probe_accuracy']:.3f} ± 0.000" in told


@pytest.mark.slow
def test_the_earlier_protocol_draws_pixels_anew_and_tells_both_likelihoods(made_up, tmp_path):
    options = TINY | {"epochs": 8, "prior__width": 8, "objective__warm_up_epochs": 2}
    text = optimal_prior(
        tmp_path / "out", pairs=["usps-mnist"], models=["optimal"], seeds=1, preset="implicit", share=0.5, **options
    )
    (run,) = (json.loads(line) for line in (tmp_path / "out" / "runs.jsonl").read_text().splitlines())
    assert (run["preset"], run["epochs"]["made"], run["interrupted"]) == ("implicit", 4, False)
    assert run["options"]["objective.warm_up_epochs"] == 1
    assert run["options"]["training.binarise"] is True
    # the best state is one after the warm-up
    assert run["epochs"]["best"] >= 1
    difference = run["log_likelihood_without_log_z"] - run["log_likelihood"]
    assert difference == pytest.approx(run["log_normaliser"], abs=1e-6)
    assert 0 <= run["task_probe_accuracy"] <= 1
    assert "The protocol of Takahashi et al. (AAAI 2019)" in text
    assert f"{run['log_likelihood_without_log_z']:.2f}" in text
    # nothing is left of the state from which a run goes on
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_what_is_unknown_is_refused(tmp_path):
    with pytest.raises(InputError, match="choose from usps-mnist"):
        optimal_prior(tmp_path / "out", pairs=["usps-svhn"])
    with pytest.raises(InputError, match="choose from VAE"):
        optimal_prior(tmp_path / "out", models=["GAN"])
    with pytest.raises(InputError, match="choose from implicit"):
        optimal_prior(tmp_path / "out", preset="explicit")
    with pytest.raises(InputError, match="choose from VAE, CVAE, optimal"):
        optimal_prior(tmp_path / "out", preset="implicit", models=["vamp"])
