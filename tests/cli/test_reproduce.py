"""Published tables by the command: one clear line for every wrong call."""

import importlib
import json
import os
import re
import shlex

import pytest
import typer

from cli_support import call
from evenvae.cli.main import app
from evenvae.cli.reproduce import NEXT, TAKES

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


def test_every_experiment_names_the_command_that_comes_next():
    assert set(NEXT) == set(TAKES)
    # each is a call that the command takes
    for words in (shlex.split(called) for called, _ in NEXT.values()):
        command = typer.main.get_command(app).commands[words[1]]
        command.make_context(words[1], words[2:])


def test_help_has_examples(capsys):
    code, out, _ = call(capsys, "reproduce", "--help")
    assert code == 0
    assert "Example" in out


def test_an_experiment_refuses_what_is_not_its_own(capsys, tmp_path):
    out = tmp_path / "g"
    for arguments, words in (
        (["--balances", "none"], "--balances"),
        (["--ours"], "--ours"),
        (["--betas", "small"], "--betas small"),
        (["--datasets", "adult"], "mnist"),
        (["--set", "beta=1"], "objective.beta"),
    ):
        code, _, err = call(capsys, "reproduce", "geco", "-o", out, *arguments)
        assert code == 2
        assert words in err


def test_figures_are_read_where_the_experiments_write_them(tmp_path):
    from evenvae.cli.reproduce import DOCUMENTS, figures

    # the package shows functions of these names
    table1, geco, optimal_prior = (
        importlib.import_module(f"evenvae.experiments.{name}") for name in ("table1", "geco", "optimal_prior")
    )
    assert set(DOCUMENTS) == set(TAKES)
    written = {"table1": table1.DOCUMENT, "geco": geco.DOCUMENT, "optimal-prior": optimal_prior.RUNS}
    assert written == DOCUMENTS
    rows = [{"error": 0.5}, {"error": 0.25}]
    (tmp_path / "runs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "geco.json").write_text(json.dumps(rows))
    assert figures(tmp_path / "runs.jsonl") == figures(tmp_path / "geco.json") == rows


@pytest.mark.slow
@pytest.mark.skipif("EVENVAE_DATA" not in os.environ, reason="needs the real tables in EVENVAE_DATA")
def test_a_real_table_by_the_command(tmp_path, capsys):
    wanted = ["-o", tmp_path / "t", "--datasets", "wine", "--models", "vae", "--quick", "--workers", "2"]
    code, out, _ = call(capsys, "reproduce", "table1", *wanted)
    assert code == 0
    assert re.search(r"\| VAE \| plain \| - \(.21\) \| - \(.12\) \| 0\.\d+ \(.08\)", out)
