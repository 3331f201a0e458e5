"""The GECO tables: their form, their doubts, row by row."""

import json

import numpy as np
import pytest

from evenvae import Network, Training
from evenvae.datasets import pictures
from evenvae.errors import InputError
from evenvae.experiments import geco
from evenvae.experiments.geco import methods_of, published
from evenvae.experiments.geco_figures import prototypes, shown, weighted
from evenvae.experiments.geco_text import averaged, markdown, rate_of_betas

SMALL = {
    "latent_size": 2,
    "epochs": 2.0,
    "betas": (1.0, 0.1),
    "network__width": 8,
    "network__depth": 1,
    "training__batch_size": 32,
}


@pytest.fixture
def made_up(monkeypatch):
    """Small images in place of the data sets."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (90, 6, 5), np.uint8)
    small = lambda name: pictures.Pictures(name, "Made up", images[:70], images[70:], "made up")
    monkeypatch.setattr(pictures, "load", small)


def row(method, rate, error, **more):
    beta = {"objective": "elbo", "objective.beta": float(method.removeprefix("beta="))} if "beta=" in method else {}
    options = beta or {"objective": method, "objective.kappa": 4.0}
    filled = {"marginal_kl": 1.0, "moment_bound": 0.5, "active_units": 3, "log_likelihood": -9.0, "seconds": 1.0,
              "squared_error_mean": error, "squared_error_train": error, "images": 10, "of": 10, "note": "", "seed": 0,
              "machine": "here", "versions": {}, "finished": "2020-01-01", "command": "", "multiplier": 2.0,
              "held": 16.1}  # fmt: skip
    return {"dataset": "mnist", "method": method, "rate": rate, "squared_error": error, "options": options,
            **filled, **more}  # fmt: skip


ROWS = [row("beta=1", 10.0, 32.0), row("beta=0.1", 30.0, 8.0), row("geco", 19.0, 16.0), row("geco-iwae", 21.0, 15.0)]


def test_the_slides_figures():
    slides = published()["datasets"]["mnist"]["slides"]
    assert slides["geco-iwae"] == [1.3640, 12.9214]
    assert published()["datasets"]["cifar10"]["slides"]["geco"] == [383.0849, 11.4413]
    assert len(published()["betas"]) == 8


def test_rows_have_the_options_of_the_slides_methods():
    rows = methods_of("mnist", [1.0, 0.1])
    assert rows == {
        "beta=1": {"objective": "elbo", "objective__beta": 1.0},
        "beta=0.1": {"objective": "elbo", "objective__beta": 0.1},
        "geco": {"objective": "geco", "objective__kappa": 4.0},
        "geco-iwae": {"objective": "geco-iwae", "objective__kappa": 4.0, "objective__samples": 5},
        "geco@6.5": {"objective": "geco", "objective__kappa": 6.5},
        "geco-iwae@6.5": {"objective": "geco-iwae", "objective__kappa": 6.5, "objective__samples": 5},
    }
    assert "geco-iwae" not in methods_of("cifar10")


def test_ours_stand_beside_the_slides():
    known = [{"rate": 0.0, "count": 1, "squared_error": 53.0}, {"rate": 1.3640, "count": 4, "squared_error": 43.0}]
    text = markdown(ROWS, published(), {"mnist": known})
    assert "| VAE | 10.00 (1.58) | 32.00 (55.85) |" in text
    assert "| beta-VAE (0.1) | 30.00 (10.59) |" in text
    assert "training error 16.10 (+0.6%)" in text
    assert "a rate of 20.00; here 19.00" in text
    assert "no code of this rate reaches" in text
    assert "leaves a squared error of 53.0; the slides give VAE 55.8." in text
    assert "cifar10" not in text


def test_several_seeds_are_averaged():
    (alone,) = averaged([ROWS[0]])
    assert (alone["rate"], alone["seeds"], alone["deviation"]) == (10.0, 1, {})
    runs = [row("geco", 18.0, 16.0), row("geco", 20.0, 16.0, seed=1)]
    (both,) = averaged(runs)
    assert (both["rate"], both["seeds"]) == (19.0, 2)
    assert both["deviation"]["rate"] == pytest.approx(np.sqrt(2))
    text = markdown([*ROWS[:2], *runs], published(), {})
    assert "| GECO | 19.00 ± 1.41 (10.50) | 16.00 ± 0.00 (14.63) |" in text
    assert "| VAE | 10.00 (1.58) |" in text
    assert "seeds 0 to 1" in text


def test_the_second_operating_point_and_who_reconstructs_best():
    weighed = lambda method, rate, error, other: row(
        method, rate, error, squared_error_weighted=other, rate_weighted=rate + 1
    )
    rows = [weighed("beta=4", 2.0, 40.0, 39.0), weighed("beta=0.5", 15.0, 17.0, 16.5)]
    rows += [weighed("geco", 12.0, 16.0, 15.5), weighed("geco-iwae", 9.0, 20.0, 14.0)]
    low = [weighed("geco@6.5", 1.5, 42.0, 42.0), weighed("geco-iwae@6.5", 1.4, 43.0, 41.0)]
    text = markdown([*rows, *low], published(), {})
    assert "| beta-VAE (4) | 2.00 | 40.00 |" in text
    assert "| GECO + IWAE | 1.40 | 43.00 |" in text
    assert "one draw of z: GECO; the mean of z: GECO; draws weighed by importance: GECO + IWAE." in text
    # read off the curve of the betas, from (15, 17) to (2, 40)
    assert f"20.00 (9.00; {np.interp(np.log(20), np.log([17, 40]), [15, 2]):.2f})" in text
    assert "14.00 (10.00; -)" in text
    assert "At the rate" not in markdown(rows, published(), {})


def test_weighed_draws_cost_and_reconstruct_as_the_proposal_does():
    # x | z ~ N(w z, 1/2) of one pixel, z ~ N(0, 1): with q(z|x) = p(z|x) every draw weighs the same,
    # and the rate of the proposal is KL(p(z|x) || p(z)) whatever the number of draws
    scale, images = 0.8, np.linspace(0, 1, 4000).reshape(-1, 1, 1)
    variance = 1 / (1 + 2 * scale**2)
    mean = 2 * scale * variance * images[:, 0]

    std = np.full_like(mean, np.sqrt(variance))
    decode = lambda latent: scale * latent[:, :, None]
    rate = ((variance + mean**2 - 1 - np.log(variance)) / 2).mean()
    error = ((images[:, 0] - scale * mean) ** 2 + scale**2 * variance).mean()
    for draws in (1, 5):
        found = weighted(images, mean, std, decode, draws)
        assert found == pytest.approx((rate, error), abs=4 * 0.5 / np.sqrt(len(images) * draws))
    # many weighed draws of a posterior that is too broad are draws of the true one
    broad = weighted(images, mean, 1.5 * std, decode, 300)
    assert broad == pytest.approx((rate, error), abs=0.01)
    assert weighted(images, mean, 1.5 * std, decode, 1)[1] > error + 0.1


def test_the_curve_is_read_off_in_log_error():
    assert rate_of_betas(ROWS, 16.0) == pytest.approx(20.0)
    assert rate_of_betas(ROWS, 50.0) is None
    assert shown(ROWS, 4.0) == ["beta=1", "beta=0.1", "geco", "geco-iwae"]


def test_prototypes_are_as_many_as_a_rate_can_name():
    images = np.repeat(np.array([0, 255], np.uint8), 20)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    few, most = prototypes(images, [0.0, np.log(2)])
    assert (few["count"], most["count"]) == (1, 2)
    assert few["squared_error"] == pytest.approx(1.0)
    assert most["squared_error"] == pytest.approx(0.0, abs=1e-9)
    assert prototypes(images, [10.0]) == []


@pytest.mark.slow
def test_rows_pictures_and_going_on(made_up, tmp_path):
    out, said = tmp_path / "g", []
    geco(out, datasets=["mnist"], say=said.append, **SMALL)
    assert {path.name for path in out.glob("*.png")} == {
        "mnist.reconstructions.png", "mnist.samples.png", "mnist.walks.png", "mnist.trade-off.png",
        "mnist.geco.path.png", "mnist.geco-iwae.path.png",
    }  # fmt: skip
    rows = json.loads((out / "geco.json").read_text())["rows"]
    assert [r["method"] for r in rows] == ["beta=0.1", "beta=1", "geco-iwae", "geco-iwae@6.5", "geco", "geco@6.5"]
    assert rows[0]["options"] == {
        "validation_fraction": 0.0, "balance": "none", "network": "Network", "network.width": 8, "network.depth": 1,
        "training": "Training", "training.batch_size": 32, "latent_size": 2, "epochs": 2.0, "objective": "elbo",
        "objective.samples": 1, "objective.beta": 0.1, "objective.analytic_kl": True,
    }  # fmt: skip
    assert all(r["moment_bound"] <= r["marginal_kl"] + 3 * r["marginal_kl_error"] for r in rows)
    assert not [path for path in out.iterdir() if path.is_dir()]  # checkpoints are gone
    with pytest.raises(InputError, match="--resume"):
        geco(out, datasets=["mnist"], **SMALL)
    again = []
    (out / "mnist.geco.json").unlink()
    geco(out, datasets=["mnist"], resume=True, say=again.append, **SMALL)
    assert [line for line in again if line.startswith("mnist")] == ["mnist, geco"]
    with pytest.raises(InputError, match="other settings"):
        geco(out, datasets=["mnist"], resume=True, **{**SMALL, "epochs": 1.0})
    # a second seed beside the first
    more = []
    geco(out, datasets=["mnist"], resume=True, seeds=2, say=more.append, **SMALL)
    assert next(line for line in more if line.startswith("mnist")) == "mnist, beta=1, seed 1"
    rows = json.loads((out / "geco.json").read_text())["rows"]
    assert sorted(r["seed"] for r in rows) == [0] * 6 + [1] * 6
    with pytest.raises(InputError, match="seeds"):
        geco(out, datasets=["mnist"], resume=True, seeds=0, **SMALL)
    # the same options as parts
    parts = {"network": Network(width=8, depth=1), "training": Training(batch_size=32)}
    again = {name: value for name, value in SMALL.items() if "__" not in name} | parts
    geco(out, datasets=["mnist"], resume=True, **again)
