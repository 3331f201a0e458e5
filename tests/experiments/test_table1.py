"""Table 1: its settings, its form, its marks, cell by cell."""

import json
import re

import pytest

from evenvae import EvenVAE, Schema, datasets
from evenvae.errors import InputError, TrainingError
from evenvae.experiments import table1
from evenvae.experiments.table1 import available, options_of, published
from evenvae.experiments.table1_text import defaults_of
from made_up import SMALL, MadeUp, people

LEVELS = {"none": 0.5, "pcgrad": 0.3, "imtl-g": 0.4}
FEW = {**SMALL, "preset": "default"}


def level(balance, seed):
    return LEVELS[balance] * (1 + 0.02 * seed * (1 if balance == "none" else 2))


@pytest.fixture
def made(monkeypatch):
    """Stands in for all data sets."""
    table = people()
    schema = Schema.infer(table)
    monkeypatch.setattr(datasets, "load", lambda name: datasets.Dataset(name, table, schema, name, "", ""))


def make(out, hands, **changes):
    call = {"tables": ["wine"], "models": ["vae"], "balances": list(LEVELS), "seeds": 3, "share": 0.1, **FEW}
    return table1(out, sweep={"executor": hands}, **{**call, **changes})


def test_the_papers_figures_and_settings():
    known = published()
    assert len(known["tables"]) == 9
    assert list(known["models"]) == ["vae", "iwae", "dreg", "hivae"]
    for model in known["models"].values():
        assert len(model["plain"]) == len(model["cocktail"]) == 9
    assert known["models"]["hivae"]["cocktail"][3] == 0.01
    assert set(known["tables"]) <= set(datasets.names())
    assert options_of("wine", "vae")["epochs"] == 2000
    assert options_of("bank", "iwae") == {
        "preset": "paper", "epochs": 400, "network__width": 100, "model": "vae", "objective": "iwae",
        "validation_fraction": 0.125,
    }  # fmt: skip
    assert options_of("adult", "hivae", 0.5)["epochs"] == 1000
    # the network of HI-VAE has no width
    assert options_of("bank", "hivae") == {
        "preset": "paper", "epochs": 2000, "model": "hivae", "objective": "elbo", "latent_size": 10,
        "training__batch_size": 1000, "validation_fraction": 0.125,
    }  # fmt: skip
    assert "vae" in available()


def test_a_cell_stands_in_its_place_beside_the_papers(made, tmp_path):
    text = make(tmp_path / "t", MadeUp(level))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| VAE | plain")]
    assert rows[0][2:5] == ["- (.21)", "- (.12)", "0.561 (.08)"]
    best = next(line for line in text.splitlines() if "cocktail" in line)
    assert "**0.343** (.07)" in best
    cell = json.loads((tmp_path / "t" / "table1.json").read_text())[0]
    assert cell["chosen"] == "pcgrad"
    assert cell["errors"]["error"]["plain"] == pytest.approx([0.5, 0.51, 0.52])
    assert cell["test_over_train"] == pytest.approx(2 / 7)
    assert cell["combinations"][0]["log_likelihood"] == pytest.approx(-3.12)
    assert "adult, credit, diamonds" in text
    assert (tmp_path / "t" / "table1.md").read_text() == text


def test_ours_adds_to_the_papers_options_and_keeps_its_network():
    for model in available():
        for table in ("adult", "bank"):
            papers, ours = options_of(table, model), options_of(table, model, ours=True)
            assert papers.items() <= ours.items()
            assert options_of(table, model, 0.5, ours=True)["epochs"] == papers["epochs"] / 2
            added = {name for name in ours if name not in papers}
            # neither the shape of the network nor the batch
            assert not added & {"network__width", "network__depth", "network__kind", "latent_size"}
            EvenVAE().set_params(**ours)
    assert options_of("bank", "vae", ours=True)["network__width"] == 100
    assert not any(name.startswith("network") for name in options_of("bank", "hivae", ours=True))
    assert all(options_of("bank", model, ours=True)["objective__beta"] == 0.01 for model in available())


def test_ours_stands_beside_the_papers_options(made, tmp_path):
    make(tmp_path / "t", MadeUp(level))
    plain = (tmp_path / "t" / "table1.md").read_text()
    assert "| ours" not in plain
    # the mode rounds to more than the paper has
    hands = MadeUp(lambda balance, seed: {"imtl-g": 0.069, "pcgrad": 0.07}[balance])
    text = make(tmp_path / "t", hands, balances="imtl-g,pcgrad", ours=True, resume=True)
    assert {balance for balance, *_ in hands.trained} == {"imtl-g", "pcgrad"}
    lines = text.splitlines()
    row = next(line for line in lines if line.startswith("|  | ours"))
    assert "| 0.076 (.07) |" in row
    assert lines[lines.index(row) + 1] == "|  | chosen | - | - | imtl-g | - | - | - | - | - | - |"
    # what was made with the paper's options is as before
    assert "**0.343** (.07)" in text
    assert (
        "at or below the paper's cocktail in 0 of the 1 cells that were made, of 36. It is above on: VAE on wine."
        in text
    )
    cells = json.loads((tmp_path / "t" / "table1.json").read_text())
    assert [cell["ours"] for cell in cells] == [False, True]
    assert cells[1]["errors"]["error"] == {"plain": [], "chosen": [0.069] * 3, "p": None}


def test_a_folder_may_hold_ours_alone(made, tmp_path):
    text = make(tmp_path / "t", MadeUp(lambda *_: 0.068), balances=None, ours=True)
    # 0.0748 is the paper's figure in two digits
    assert "| 0.075 (.07) |" in text
    assert "in 1 of the 1 cells that were made, of 36.\n" in text
    cell = json.loads((tmp_path / "t" / "table1.json").read_text())[0]
    tried = [row["balance"] for row in cell["combinations"]]
    assert sorted(tried) == sorted(published()["ours"]["balances"]["vae"].split(","))


def test_marks_are_for_differences_only(made, tmp_path):
    wobbling = lambda balance, seed: 0.5 + (0.2 * (-1) ** seed - 0.1) * (balance == "pcgrad")
    text = make(tmp_path / "t", MadeUp(wobbling), balances="pcgrad")
    assert "**" not in text
    same = make(tmp_path / "u", MadeUp(lambda *_: 0.5), balances="none")
    assert "**" not in same


def test_one_combination_for_all_tables(made, tmp_path):
    make(tmp_path / "t", MadeUp(level), tables=["wine", "adult"])
    cells = json.loads((tmp_path / "t" / "table1.json").read_text())
    count, error, better, worst, likelihood = defaults_of(cells, "pcgrad")
    assert (count, better) == (2, 2)
    assert error == pytest.approx(0.312 / 0.51)
    assert worst == pytest.approx(0.312 / 0.51)
    assert likelihood == pytest.approx(-3.12 + 5.1)
    assert defaults_of(cells, "none")[:3] == (2, 1.0, 0)
    assert defaults_of(cells, "mgda-ub")[0] == 0


def test_any_part_first_and_the_rest_later(made, tmp_path):
    out = tmp_path / "t"
    make(out, MadeUp(level))
    with pytest.raises(InputError, match="--resume"):
        make(out, MadeUp(level), tables=["adult"])
    hands = MadeUp(level)
    text = make(out, hands, tables=["adult", "wine"], resume=True)
    assert len(hands.trained) == len(LEVELS)
    first = next(line for line in text.splitlines() if line.startswith("| VAE | plain"))
    assert len(re.findall(r"0\.561", first)) == 2
    with pytest.raises(InputError, match="epochs"):
        make(out, MadeUp(level), resume=True, epochs=99)
    assert "Seeds: 3." in text
    text = make(out, MadeUp(level), tables=["adult"], resume=True, seeds=4)
    assert "Seeds: 3 (VAE on wine); 4 (VAE on adult)." in text


def test_a_cell_that_fails_does_not_stop_the_others(made, tmp_path):
    class Failing(MadeUp):
        def start(self, sweep, folder):
            super().start(sweep, folder)
            self.dead = "adult" in str(folder)

        def record(self, job, seed):
            record = super().record(job, seed)
            if self.dead:
                record |= {"status": "failed", "figure": None, "columns": [], "message": "non-finite", "measured": {}}
            return record

    with pytest.raises(TrainingError, match="adult"):
        make(tmp_path / "t", Failing(level), tables=["adult", "wine"])
    assert "0.561 (.08)" in (tmp_path / "t" / "table1.md").read_text()
