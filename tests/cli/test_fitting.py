"""Schemas, and learning from a table."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

import evenvae as library
from cli_support import FIT, evenvae, in_a_process
from evenvae.priors import flow_matching
from relations_support import trips


def test_schema_is_written_edited_and_used(folder, data):
    path = folder / "schema.toml"
    code, out, _ = evenvae("schema", data, "-o", path)
    assert code == 0
    assert "poisson" in out
    path.write_text(path.read_text().replace('likelihood = "poisson"', 'likelihood = "normal"'))
    assert evenvae("fit", data, "-o", folder / "n.evenvae", "--schema", path, *FIT)[0] == 0
    _, out, _ = evenvae("evaluate", folder / "n.evenvae", data, "--json")
    assert json.loads(out)["columns"][0]["likelihood"] == "normal"


def test_the_schema_for_machines(data):
    code, out, _ = evenvae("schema", data, "--json")
    assert code == 0
    assert {column["column"]: column["likelihood"] for column in json.loads(out)}["city"] == "categorical"


def test_families_of_numbers_are_chosen_by_evidence_or_by_rules(folder):
    data, path = folder / "amounts.csv", folder / "amounts.toml"
    rng = np.random.default_rng(0)
    amounts = np.where(rng.random(400) < 0.5, 0.0, np.round(rng.lognormal(5, 1, 400), 2))
    pd.DataFrame({"paid": amounts, "age": rng.integers(18, 90, 400)}).to_csv(data, index=False)
    said = lambda *options: {
        row["column"]: (row["likelihood"], row["reason"])
        for row in json.loads(evenvae("schema", data, "--json", *options)[1])
    }
    assert said()["paid"][0] == "spiked-lognormal"
    assert "nats likelier, each, than under lognormal (numbers from 0 up)" in said()["paid"][1]
    assert {likelihood for likelihood, _ in said("--families", "paper").values()} == {"lognormal", "poisson"}
    assert evenvae("schema", data, "-o", path, "--families", "paper")[0] == 0
    for options, expected in (((), "spiked-lognormal"), (("--schema", path), "lognormal")):
        assert evenvae("fit", data, "-o", folder / "amounts.evenvae", *options, *FIT)[0] == 0
        assert library.load(folder / "amounts.evenvae").schema_["paid"].likelihood == expected
    code, out, err = evenvae("schema", data, "--families", "papers")
    assert (code, out) == (2, "")
    assert "--families='papers' is unknown; choose one of evidence, paper." in err


def test_trees_refine_imputations(folder):
    data, path = folder / "stairs.csv", folder / "stairs.evenvae"
    place = np.random.default_rng(0).uniform(0, 4, 600)
    stair = np.array([0.0, 9.0, 2.0, 7.0])[place.astype(int)]
    pd.DataFrame({"place": place, "stair": stair + place / 100}).to_csv(data, index=False)
    code, _, err = evenvae("fit", data, "-o", path, "--refine", "trees", "--purpose", "impute", *FIT[:-1])
    assert code == 0, err
    assert ", trees refine 2 columns" in err
    assert set(library.load(path).refined_) == {"place", "stair"}
    code, _, err = evenvae("fit", data, "-o", path, "--refine", "forest", *FIT)
    assert code == 2
    assert "imputation.refine='forest' is unknown; choose one of none, trees." in err


def test_options_of_drawing_are_set_and_kept(folder, data, monkeypatch):
    monkeypatch.setattr(flow_matching, "CHUNKS", 1)
    model, drawn = folder / "drawing.evenvae", folder / "drawn.csv"
    asked = ("--purpose", "sample", "--set", "sampling.latents=flow", "--set", "sampling.polish=2.5")
    assert evenvae("fit", data, "-o", model, *asked, *FIT)[0] == 0
    code, _, said = evenvae("sample", model, "-n", 30, "-o", drawn, "--seed", 0)
    assert code == 0, said
    assert len(pd.read_csv(drawn)) == 30
    fitted = library.load(model).fitted_
    assert fitted.plan.latents == "flow"
    assert fitted.polish.times == 2.5
    for wrong, sentence in {
        "sampling.polish=1": "sampling.polish=1 must be a number above 1, at most 10",
        "sampling.latents=flows": "Did you mean 'flow'?",
    }.items():
        code, _, said = evenvae("fit", data, "-o", model, "--set", wrong, *FIT)
        assert code == 2
        assert sentence in said


def test_formulas_are_said_and_turned_off(folder):
    data, path = folder / "trips.csv", folder / "trips.toml"
    trips()[["clock", "hour", "mood"]].to_csv(data, index=False)
    code, out, _ = evenvae("schema", data, "-o", path)
    assert code == 0
    assert "equals clock // 100 in every row" in " ".join(out.split())
    assert 'formula = "clock // 100"' in path.read_text()
    notes = {row["column"]: row["note"] for row in json.loads(evenvae("schema", data, "--json")[1])}
    assert "clock // 100" in notes["hour"]
    code, out, _ = evenvae("schema", data, "--no-formulas", "-o", "-")
    assert code == 0
    assert "clock // 100" not in out
    for option, formula in (((), "clock // 100"), (("--no-formulas",), "")):
        model = folder / "trips.evenvae"
        assert evenvae("fit", data, "-o", model, *option, *FIT)[0] == 0
        assert library.load(model).schema_["hour"].formula == formula


def test_a_wrong_formula_is_told(folder, data):
    path = folder / "wrong.toml"
    path.write_text('[columns.age]\nformula = "incme / 1000"\n')
    code, out, err = evenvae("fit", data, "-o", folder / "w.evenvae", "--schema", path, *FIT)
    assert (code, out) == (2, "")
    assert "Column 'age' of the schema: formula 'incme / 1000', character 1: there is no column 'incme'" in err
    assert "did you mean 'income'?" in err


def test_an_interrupted_fit_goes_on_bit_for_bit(folder, data):
    common = ["fit", data, "--set", "network.width=16", "--set", "training.patience=0", "--epochs", "120", "--quiet"]
    assert evenvae(*common, "-o", folder / "whole.evenvae")[0] == 0
    code = (
        "import evenvae.training.loop as loop\n"
        "original = loop._record\n"
        "def record(step, *rest):\n"
        "    if step >= 60: raise KeyboardInterrupt\n"
        "    return original(step, *rest)\n"
        "loop._record = record\n"
        "from evenvae.cli.main import main\n"
        f"main({[str(a) for a in common]!r} + ['-o', {str(folder / 'part.evenvae')!r}, "
        f"'--checkpoint', {str(folder / 'state')!r}])"
    )
    stopped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert stopped.returncode == 130, stopped.stderr
    assert "--resume" in stopped.stderr
    resumed = [*common, "-o", folder / "part.evenvae", "--checkpoint", folder / "state", "--resume"]
    assert evenvae(*resumed)[0] == 0
    assert (folder / "part.evenvae").read_bytes() == (folder / "whole.evenvae").read_bytes()


def test_a_fit_is_tracked(folder, data):
    pytest.importorskip("tensorboard")
    code, _, err = evenvae("fit", data, "-o", folder / "t.evenvae", "--track", f"tensorboard:{folder / 'runs'}", *FIT)
    assert code == 0, err
    assert list((folder / "runs").glob("events.out.tfevents.*"))


def test_settings_of_parts_reach_the_model(folder, data):
    path = folder / "parts.evenvae"
    chosen = ["--objective", "beta", "--prior", "vamp", "--set", "objective.beta=0.5", "--set", "prior.components=3"]
    code, _, err = evenvae("fit", data, "-o", path, *FIT, *chosen)
    assert code == 0, err
    fitted = library.load(path)
    assert fitted.network == library.Network(width=16, depth=1)
    assert fitted.objective == library.ELBO(beta=0.5)
    assert fitted.prior == library.Vamp(components=3)


def test_devices_share_the_rows_of_a_batch(folder, data, monkeypatch):
    alone, shared = folder / "alone.evenvae", folder / "shared.evenvae"
    assert evenvae("fit", data, "-o", alone, *FIT)[0] == 0
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    monkeypatch.setenv("XLA_FLAGS", flags)
    code, _, said = in_a_process("fit", data, "-o", shared, *FIT, "--devices", 2)
    assert code == 0, said
    one, two = library.load(alone), library.load(shared)
    assert two.training.devices == 2
    np.testing.assert_allclose(two.history_[-1]["column_losses"], one.history_[-1]["column_losses"], rtol=1e-4)


def test_more_devices_than_there_are_is_one_sentence(folder, data):
    code, _, said = evenvae("fit", data, "-o", folder / "never.evenvae", *FIT, "--devices", 7)
    assert code == 2
    assert said.startswith("evenvae: training.devices=7, but JAX has 1 here (cpu)")
    assert not (folder / "never.evenvae").exists()


def test_a_damaged_file_with_times_of_other_ages_is_described(folder):
    when = np.array(["2020-01-01", "2021-05-01", "2022-07-03"] * 5, "datetime64[s]")
    path = folder / "damaged.feather"
    pa_table = pa.table({"when": when, "size": np.arange(15) % 4})
    pyarrow.feather.write_feather(pa_table, path, compression="uncompressed")
    day, far = (
        int(np.datetime64(text, "s").astype(int)).to_bytes(8, "little") for text in ("2021-05-01", "41000000000-01-01")
    )
    path.write_bytes(path.read_bytes().replace(day, far, 1))
    code, out, err = evenvae("schema", path, "-o", folder / "damaged.toml")
    assert code == 0, err
    assert "when" in out
    assert "1 cells are not points in time of the years 1 to 9999" in err
    assert "Traceback" not in err


def test_a_schema_with_control_characters_is_used(folder):
    path, schema = folder / "control.csv", folder / "control.toml"
    rows = "".join(f"{number}\x00kg,x\x1b{number % 3}\n" for number in range(40))
    path.write_text("we\x00ight,le\x7fvel\n" + rows)
    code, _, err = evenvae("schema", path, "-o", schema)
    assert code == 0, err
    code, _, err = evenvae("fit", path, "-o", folder / "control.evenvae", "--schema", schema, *FIT)
    assert code == 0, err
