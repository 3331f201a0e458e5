"""The search by the command: end to end, killed at any moment, and one clear line for every wrong call."""

import json
import signal
import time

import numpy as np
import pandas as pd
import pytest

import evenvae
from cli_support import call
from evenvae.search import Store

RESULTS = ("summary.csv", "columns.csv")
FEW = ["--epochs", 12, "--set", "network.width=8", "--set", "latent_size=2", "--set", "network.depth=1"]


def test_a_sweep_from_a_file_to_a_model(command, sweep_data, tmp_path):
    out = tmp_path / "sweep"
    few = [*FEW, "--balances", "none,power-norm", "--seeds", 2, "--workers", 1]
    done = command("cocktail", sweep_data, "-o", out, *few, "--measure", "worst-column")
    assert done.code == 0, done.err
    # on cores every combination and seed is a run of its own
    assert "4/4" in done.err
    assert "left" in done.err
    assert "chosen: " in done.out
    store = Store(out)
    runs = store.runs()
    assert list(runs["status"]) == ["done"] * 4
    assert runs[["validation_error", "validation_worst", "validation_log_likelihood"]].notna().all(axis=None)
    assert "test_error" not in runs
    assert json.loads(runs["versions"][0])["evenvae"] == evenvae.__version__
    assert set(store.columns()["column"]) == {"age", "city", "income", "member"}
    assert {run.steps for run in runs.itertuples()} == {store.curves()["step"].max()}
    model = evenvae.load(out / "best.evenvae")
    summary = json.loads((out / "summary.json").read_text())
    assert model.balance == summary["chosen"] == pd.read_csv(out / "summary.csv")["balance"][0]
    assert not list((out / "checkpoints").iterdir())
    assert not (out / "programs").exists()


COCKTAIL = {
    "unknown combination": (["--balances", "imtl"], "imtl-g"),
    "no combination": (["--balances", ","], "no combination"),
    "no seeds": (["--seeds", "0"], "--seeds"),
    "negative seed": (["--seed", "-1"], "random_state"),
    "no workers": (["--workers", "0"], "--workers"),
    "unknown executor": (["--executor", "dask"], "local, ray"),
    "address of nothing": (["--address", "auto"], "--executor ray"),
    "unknown choice": (["--select", "best"], "careful"),
    "unknown measure": (["--measure", "accuracy"], "worst-column"),
    "halving by what is not known yet": (["--halving", "--measure", "error"], "halving"),
    "balance by the wrong door": (["--set", "balance=none"], "--balances"),
    "all rows kept for testing": (["--test-fraction", "1"], "--test-fraction"),
    "nothing to select by": (["--set", "validation_fraction=0"], "validation"),
    "unknown option": (["--set", "latent_sise=3"], "latent_size"),
    "former option": (["--set", "hidden_size=3"], "network.width"),
    "unfit option of a part": (["--set", "network.width=0"], "network.width"),
    "an ensemble that is no number": (["--set", "ensemble=two"], "ensemble='two'"),
    "unknown purpose": (["--purpose", "win"], "purpose"),
    "negative epochs": (["--epochs", "-1"], "epochs"),
    "no such table": (["--schema", "nowhere.toml"], "nowhere.toml"),
}


@pytest.mark.parametrize("case", COCKTAIL)
def test_wrong_calls_give_one_clear_line(capsys, sweep_data, tmp_path, case):
    arguments, words = COCKTAIL[case]
    code, out, err = call(capsys, "cocktail", sweep_data, "-o", tmp_path / "x", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_folders_that_can_not_be(capsys, sweep_data, tmp_path):
    assert "does not exist" in call(capsys, "cocktail", sweep_data, "-o", tmp_path / "no" / "x")[2]
    assert "this is a file" in call(capsys, "cocktail", sweep_data, "-o", sweep_data)[2]
    Store(tmp_path).close()
    code, _, err = call(capsys, "cocktail", sweep_data, "-o", tmp_path)
    assert code == 2
    assert "--resume" in err


def test_help_has_examples(capsys):
    code, out, _ = call(capsys, "cocktail", "--help")
    assert code == 0
    assert "Example" in out


def results(folder):
    return [(folder / name).read_bytes() for name in RESULTS]


LONG = ["--balances", "none,pcgrad,imtl-g,graddrop", "--seeds", 3, "--bundle", 1, "--workers", 2]
LONG += ["--epochs", 300, "--set", "network.width=16", "--set", "training.patience=0", "--test-fraction", 0.25]


@pytest.fixture(scope="module")
def whole(command, sweep_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "sweep"
    done = command("cocktail", sweep_data, *LONG, "-o", out)
    assert done.code == 0, done.err
    return out


def same(part, whole):
    model = lambda folder: (folder / "best.evenvae").read_bytes()
    return results(part) == results(whole) and model(part) == model(whole)


@pytest.mark.slow
def test_killed_ten_times(command, sweep_data, whole, tmp_path):
    generator = np.random.default_rng(0)
    part = tmp_path / "part"
    call = ["cocktail", sweep_data, *LONG, "-o", part, "--resume"]
    for number in range(10):
        process = command.start(*call)
        if number % 2:
            process.stderr.readline()  # a bundle is done
            time.sleep(generator.uniform(0, 0.5))
        else:
            time.sleep(generator.uniform(0.5, 6))
        assert process.poll() is None, "the sweep was over before it was killed; let it train longer"
        process.kill()
        process.communicate()
    last = command(*call)
    assert last.code == 0, last.err
    assert same(part, whole)


@pytest.mark.slow
def test_interrupted_while_another_asks_for_the_folder(command, sweep_data, whole, tmp_path):
    part = tmp_path / "part"
    call = ["cocktail", sweep_data, *LONG, "-o", part, "--resume"]
    process = command.start(*call)
    process.stderr.readline()
    other = command(*call)
    assert (other.code, "Another search" in other.err) == (2, True)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "--resume" in err.splitlines()[-1]
    last = command(*call)
    assert last.code == 0, last.err
    assert same(part, whole)
