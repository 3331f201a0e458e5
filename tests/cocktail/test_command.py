"""The command: end to end once, and one clear line for every wrong call."""

import json

import pandas as pd
import pytest

import evenvae
from evenvae.cli.main import _run
from evenvae.cocktail import Store

FEW = ["--epochs", 12, "--set", "hidden_size=8", "--set", "latent_size=2", "--set", "depth=1"]


def test_a_sweep_from_a_file_to_a_model(command, data, tmp_path):
    out = tmp_path / "sweep"
    few = [*FEW, "--balances", "none,power-norm", "--seeds", 2, "--workers", 1]
    done = command("cocktail", data, "-o", out, *few, "--measure", "worst-column")
    assert done.code == 0, done.err
    assert "2/2" in done.err
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


def call(capsys, *arguments):
    code = _run([str(a) for a in arguments], debug=False)
    said = capsys.readouterr()
    return code, said.out, said.err


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
    "unknown option": (["--set", "hiden_size=3"], "hidden_size"),
    "unknown purpose": (["--purpose", "win"], "purpose"),
    "negative epochs": (["--epochs", "-1"], "epochs"),
    "no such table": (["--schema", "nowhere.toml"], "nowhere.toml"),
}


@pytest.mark.parametrize("case", COCKTAIL)
def test_wrong_calls_give_one_clear_line(capsys, data, tmp_path, case):
    arguments, words = COCKTAIL[case]
    code, out, err = call(capsys, "cocktail", data, "-o", tmp_path / "x", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_folders_that_can_not_be(capsys, data, tmp_path):
    assert "does not exist" in call(capsys, "cocktail", data, "-o", tmp_path / "no" / "x")[2]
    assert "this is a file" in call(capsys, "cocktail", data, "-o", data)[2]
    Store(tmp_path).close()
    code, _, err = call(capsys, "cocktail", data, "-o", tmp_path)
    assert code == 2
    assert "--resume" in err


REPRODUCE = {
    "unknown table": (["table9"], "table1"),
    "unknown data set": (["table1", "--datasets", "iris"], "adult"),
    "unknown model": (["table1", "--models", "gan"], "vae"),
    "no data set": (["table1", "--datasets", ","], "names nothing"),
    "more than all epochs": (["table1", "--share", "2"], "share"),
    "no seeds": (["table1", "--seeds", "0"], "--seeds"),
    "unknown executor": (["table1", "--executor", "dask"], "ray"),
}


@pytest.mark.parametrize("case", REPRODUCE)
def test_wrong_reproductions_give_one_clear_line(capsys, tmp_path, case):
    arguments, words = REPRODUCE[case]
    code, out, err = call(capsys, "reproduce", *arguments, "-o", tmp_path / "x")
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["cocktail", "reproduce"])
def test_help_has_examples(capsys, name):
    code, out, _ = call(capsys, name, "--help")
    assert code == 0
    assert "Example" in out
