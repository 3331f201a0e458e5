"""Processes that are forked: before JAX computes they work, afterwards they say what is wrong."""

import subprocess
import sys

import pytest

FIT = """
import multiprocessing, sys
import numpy as np
import evenvae
X = np.random.default_rng(0).normal(size=(40, 2))
def new():
    return evenvae.EvenVAE(epochs=1, latent_size=1, network=evenvae.Network(width=4, depth=1), validation_fraction=0)
"""
ASK = """
model = new().fit(X)
path = sys.argv[1]
model.save(path)
questions = {
    "fit": lambda: new().fit(X),
    "sample": lambda: model.sample(2),
    "transform": lambda: model.transform(X),
    "posterior": lambda: model.posterior(X),
    "impute": lambda: model.impute(X),
    "reconstruct": lambda: model.reconstruct(X),
    "score": lambda: model.score(X),
    "evaluate": lambda: model.evaluate(X),
    "load": lambda: evenvae.load(path),
}
def answer(name):
    try:
        questions[name]()
    except evenvae.EvenVAEError as error:
        return f"{type(error).__name__} {error}"
    return "answered"
with multiprocessing.get_context("fork").Pool(2) as pool:
    for name, said in zip(questions, pool.map(answer, questions)):
        assert said.startswith("ForkError") and "spawn" in said and "loky" in said, (name, said)
assert model.sample(2).shape == (2, 2)
print("done")
"""
BEFORE = """
def fit(seed):
    return new().set_params(random_state=seed).fit(X).sample(3, random_state=0).shape
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert pool.map(fit, [0]) == [(3, 2)]
print("done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process is forked there")
@pytest.mark.parametrize(
    "code", [pytest.param(ASK, id="after JAX computed"), pytest.param(BEFORE, id="before", marks=pytest.mark.slow)]
)
def test_a_forked_process_answers_or_says_why_not(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FIT + code, tmp_path / "model.evenvae"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.endswith("done\n"), done.stderr[-1500:]
