"""The end of a command: what was done, as a line or as JSON, and the next command."""

import json
import shlex

import pandas as pd
import pytest
import typer

from cli_support import FIT, evenvae

COMMANDS = {
    "impute": (["-o", "e.csv"], {"rows": 150, "filled": 2}),
    "encode": (["-o", "e.csv"], {"rows": 150, "coordinates": 2}),
    "score": (["-o", "e.csv"], {"rows": 150}),
    "report": (["-o", "e.html"], {}),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_figures_for_programs_and_for_people(data, model, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    rest, expected = COMMANDS[command]
    code, out, err = evenvae(command, model, data, *rest, "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert expected.items() <= facts.items()
    assert facts["bytes"] == (tmp_path / rest[1]).stat().st_size
    code, out, err = evenvae(command, model, data, *rest)
    assert (code, out) == (0, "")
    said, then = err.splitlines()
    assert said.startswith(f"{rest[1]}: ")
    assert said.split()[-1] in ("s", "min")
    check_call(then)
    assert evenvae(command, model, data, *rest, "--quiet") == (0, "", "")


def check_call(line):
    """The line names a command that the parser takes."""
    from evenvae.cli.app import app

    words = shlex.split(line.removeprefix("next: ").partition("  #")[0])
    command = typer.main.get_command(app).commands[words[1]]
    command.make_context(words[1], words[2:]).close()


def test_a_mean_that_is_that_of_the_file(data, model, tmp_path):
    _, out, _ = evenvae("score", model, data, "-o", tmp_path / "s.csv", "--json")
    mean = pd.read_csv(tmp_path / "s.csv")["log_likelihood"].mean()
    assert json.loads(out)["mean_log_likelihood"] == pytest.approx(mean, rel=1e-6)


def test_a_table_on_standard_output_is_alone_there(data, model):
    code, out, err = evenvae("impute", model, data, "-o", "-")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 151
    code, out, err = evenvae("impute", model, data, "-o", "-", "--json")
    assert (code, out) == (2, "")
    assert "give a file name with -o" in err


@pytest.mark.parametrize(
    ("purpose", "word"), [("impute", "impute"), ("sample", "sample"), ("score", "score"), ("reconstruct", "evaluate")]
)
def test_a_fit_names_the_command_of_its_purpose(data, tmp_path, purpose, word):
    out = tmp_path / "p.evenvae"
    code, _, err = evenvae("fit", data, "-o", out, "--purpose", purpose, *FIT[:-1])
    assert code == 0, err
    then = next(line for line in err.splitlines() if line.startswith("next: "))
    assert then.startswith(f"next: evenvae {word} ")
    check_call(then)


def test_a_fit_for_programs(data, tmp_path):
    code, out, err = evenvae("fit", data, "-o", tmp_path / "j.evenvae", *FIT, "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert (facts["rows"], facts["columns"], facts["purpose"]) == (150, 3, "reconstruct")
    assert facts["out"] == str(tmp_path / "j.evenvae")


def test_several_tables_are_named_together(data, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, _, err = evenvae("impute", model, data, "-o", "d.csv", "--draws", 3)
    assert err.startswith("d.1.csv to d.3.csv: 150 rows")
