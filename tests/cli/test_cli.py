"""The command as a user calls it: a process, files, exit codes, one line on standard error."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

FIT = ["--epochs", "3", "--set", "hidden_size=16", "--set", "latent_size=2", "--set", "depth=1", "--quiet"]

TEXT = b"""name;age; city ;"income"\r
"Smith; Jr";34; Aachen;1200.50\r
Doe;NA; "Bonn";900\r
Roe;51;? ;2000.25\r
"""


def evenvae(*arguments, stdin=None):
    """Run the command; ``(code, standard output, standard error)``."""
    done = subprocess.run(
        [sys.executable, "-m", "evenvae", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def data(folder):
    rng = np.random.default_rng(0)
    rows = 150
    age = rng.poisson(40, rows).astype(object)
    age[7] = "NA"
    frame = pd.DataFrame(
        {
            "age": age,
            "city": rng.choice(["Aachen", "Bonn", "Celle"], rows),
            "income": np.round(np.exp(rng.normal(7, 0.5, rows)), 2),
        }
    )
    frame.loc[3, "city"] = "?"
    path = folder / "people.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def model(folder, data):
    path = folder / "people.evenvae"
    code, out, err = evenvae("fit", data, "-o", path, *FIT)
    assert code == 0, err
    assert out == ""
    assert err == ""
    return path


def test_fit_then_every_question(folder, data, model):
    code, out, _ = evenvae("evaluate", model, data, "--json")
    assert code == 0
    answer = json.loads(out)
    assert {"error", "worst_ratio", "log_likelihood", "columns"} <= set(answer)
    assert [c["column"] for c in answer["columns"]] == ["age", "city", "income"]
    code, out, _ = evenvae("evaluate", model, data)
    assert code == 0
    assert "worst ratio" in out
    for command, extra in (("encode", []), ("score", [])):
        path = folder / f"{command}.parquet"
        assert evenvae(command, model, data, "-o", path, *extra)[0] == 0
        assert len(pd.read_parquet(path)) == 150
    assert evenvae("sample", model, "-n", 20, "-o", folder / "new.csv", "--seed", 1)[0] == 0
    sampled = pd.read_csv(folder / "new.csv")
    assert list(sampled.columns) == ["age", "city", "income"]
    assert set(sampled.city) <= {"Aachen", "Bonn", "Celle"}
    assert not sampled.isna().any().any()
    assert evenvae("sample", model, "-n", 3000, "-o", folder / "holey.csv", "--seed", 1, "--missing")[0] == 0
    assert 0 < pd.read_csv(folder / "holey.csv")["age"].isna().mean() < 0.05
    _, first, _ = evenvae("sample", model, "-n", 20, "-o", "-", "--seed", 1)
    assert first == (folder / "new.csv").read_text()


def test_imputation_keeps_every_observed_byte(folder, data, model):
    out = folder / "filled.csv"
    assert evenvae("impute", model, data, "-o", out)[0] == 0
    before, after = data.read_text().split("\n"), out.read_text().split("\n")
    assert len(before) == len(after)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert changed == [4, 8]
    for i in changed:
        for old, new in zip(before[i].split(","), after[i].split(","), strict=True):
            assert old == new or old in ("?", "NA")


def test_odd_text_is_kept_byte_for_byte(folder):
    source, learned, out = folder / "odd.csv", folder / "learn.csv", folder / "odd_filled.csv"
    source.write_bytes(TEXT)
    rng = np.random.default_rng(0)
    pd.DataFrame(
        {"age": rng.poisson(40, 60), "city": rng.choice(["Aachen", "Bonn"], 60), "income": rng.random(60) * 1e3}
    ).to_csv(learned, index=False)
    assert evenvae("fit", learned, "-o", folder / "odd.evenvae", *FIT)[0] == 0
    code, _, err = evenvae("impute", folder / "odd.evenvae", source, "-o", out)
    assert code == 0, err
    old, new = TEXT.decode().split("\r\n"), out.read_bytes().decode().split("\r\n")
    assert old[0] == new[0]
    assert old[1] == new[1]
    assert new[2].startswith("Doe;")
    assert new[2].endswith('; "Bonn";900')
    assert new[2].split(";")[1].isdigit()
    assert new[3].startswith("Roe;51;")
    assert new[3].endswith(";2000.25")


def test_draws_write_numbered_tables(folder, data, model):
    assert evenvae("impute", model, data, "-o", folder / "draw.csv", "--draws", 3)[0] == 0
    assert [(folder / f"draw.{i}.csv").exists() for i in (1, 2, 3)] == [True] * 3


def test_standard_streams(data, model):
    code, out, err = evenvae("score", model, "-", "-o", "-", stdin=data.read_bytes())
    assert code == 0, err
    assert len(out.splitlines()) == 151


def test_schema_is_written_edited_and_used(folder, data):
    path = folder / "schema.toml"
    code, out, _ = evenvae("schema", data, "-o", path)
    assert code == 0
    assert "poisson" in out
    path.write_text(path.read_text().replace('likelihood = "poisson"', 'likelihood = "normal"'))
    assert evenvae("fit", data, "-o", folder / "n.evenvae", "--schema", path, *FIT)[0] == 0
    _, out, _ = evenvae("evaluate", folder / "n.evenvae", data, "--json")
    assert json.loads(out)["columns"][0]["likelihood"] == "normal"


def test_unseen_levels_are_a_note_not_an_error(folder, data, model):
    strange = folder / "strange.csv"
    strange.write_text(data.read_text().replace("Celle", "Dresden"))
    code, _, err = evenvae("score", model, strange, "-o", folder / "s.csv")
    assert code == 0
    assert "Dresden" in err
    assert "missing" in err


def write(folder, name, content):
    path = folder / name
    path.write_text(content)
    return path


WRONG = {
    "missing file": (lambda f, d, m: ["fit", f / "nowhere.csv", "-o", f / "x"], "nowhere.csv"),
    "empty file": (lambda f, d, m: ["fit", write(f, "empty.csv", ""), "-o", f / "x"], "empty"),
    "header only": (lambda f, d, m: ["fit", write(f, "head.csv", "a,b\n"), "-o", f / "x"], "rows"),
    "one row": (lambda f, d, m: ["fit", write(f, "one.csv", "a,b\n1,x\n"), "-o", f / "x"], "row"),
    "all-missing column named in the schema": (
        lambda f, d, m: [
            "fit",
            write(f, "hole.csv", "a,b\n" + "1,\n2,\n" * 20),
            "-o",
            f / "x",
            "--schema",
            write(f, "hole.toml", '[columns.b]\nlikelihood = "normal"\n'),
        ],
        "'b'",
    ),
    "schema naming an absent column": (
        lambda f, d, m: ["fit", d, "-o", f / "x", "--schema", write(f, "a.toml", "[columns.agee]\nlow = 1\n")],
        "agee",
    ),
    "broken schema": (lambda f, d, m: ["fit", d, "-o", f / "x", "--schema", write(f, "b.toml", "a = [")], "TOML"),
    "cut model": (lambda f, d, m: ["score", cut(f, m), d, "-o", f / "x.csv"], "cut"),
    "no model": (lambda f, d, m: ["score", d, d, "-o", f / "x.csv"], "people.csv"),
    "negative epochs": (lambda f, d, m: ["fit", d, "-o", f / "x", "--epochs", "-1"], "epochs"),
    "duplicate column": (lambda f, d, m: ["fit", write(f, "dup.csv", "a,a\n1,2\n3,4\n"), "-o", f / "x"], "'a'"),
    "unknown balance": (lambda f, d, m: ["fit", d, "-o", f / "x", "--balance", "imtl"], "imtl-g"),
    "unknown option": (lambda f, d, m: ["fit", d, "-o", f / "x", "--epoch", "1"], "--epoch"),
    "unknown setting": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "hiden_size=3"], "hidden_size"),
    "unknown data set": (lambda f, d, m: ["fit", "dataset:adlut", "-o", f / "x"], "adult"),
    "unknown ending": (lambda f, d, m: ["encode", m, d, "-o", f / "x.xlsx"], ".csv"),
    "ragged row": (lambda f, d, m: ["fit", write(f, "rag.csv", "a,b\n1,2\n3\n"), "-o", f / "x"], "line 3"),
    "no folder": (lambda f, d, m: ["fit", d, "-o", f / "no" / "x"], "folder"),
    "missing column": (lambda f, d, m: ["score", m, write(f, "c.csv", "age,city\n1,Bonn\n"), "-o", "-"], "income"),
    "a folder for the model": (lambda f, d, m: ["fit", d, "-o", f], "is a folder"),
    "a folder as data": (lambda f, d, m: ["schema", f], "is a folder"),
    "a folder for the schema": (lambda f, d, m: ["schema", d, "-o", f], "is a folder"),
    "a file as checkpoint": (lambda f, d, m: ["fit", d, "-o", f / "x", "--checkpoint", d], "people.csv"),
    "text for a number": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "dropout=a"], "dropout"),
    "half a unit": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "hidden_size=1.5"], "whole number"),
    "negative seed": (lambda f, d, m: ["fit", d, "-o", f / "x", "--seed", "-1"], "random_state"),
    "no samples": (lambda f, d, m: ["score", m, d, "-o", f / "x.csv", "--samples", "0"], "samples=0"),
    "no such tracker": (lambda f, d, m: ["fit", d, "-o", f / "x", "--track", "wandb:x"], "tensorboard:DIR"),
    "resume without a folder": (lambda f, d, m: ["fit", d, "-o", f / "x", "--resume"], "--checkpoint"),
}


def cut(folder, model):
    path = folder / "cut.evenvae"
    content = model.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_give_one_clear_line(folder, data, model, case):
    make, words = WRONG[case]
    code, out, err = evenvae(*make(folder, data, model))
    assert code == 2, err
    assert words in err
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    assert out == ""
    assert not (folder / "x").exists()


def test_an_interrupted_fit_goes_on_bit_for_bit(folder, data):
    common = ["fit", data, "--set", "hidden_size=16", "--set", "patience=0", "--epochs", "120", "--quiet"]
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


def test_help_has_examples():
    for command in ("schema", "fit", "evaluate", "impute", "sample", "encode", "score", "demo"):
        code, out, _ = evenvae(command, "--help")
        assert code == 0
        assert "Example" in out


def test_report_is_one_page(folder, data, model):
    out = folder / "report.html"
    code, _, err = evenvae("report", model, data, "-o", out, "--rows", "60", "--beside", model)
    assert code == 0, err
    assert "open it in a browser" in err
    page = out.read_text(encoding="utf-8")
    assert "60 of 150 rows" in page
    assert all(f'<section id="{name}"' in page for name in ("columns", "gradients", "unusual", "card"))


def test_report_says_what_is_wrong(folder, data, model):
    code, _, err = evenvae("report", model, data, "-o", folder / "nowhere" / "report.html")
    assert code == 2
    assert err.count("\n") == 1
    code, _, err = evenvae("report", model, data, "-o", folder / "r.html", "--rows", "1")
    assert code == 2
    assert "--rows 1" in err


def test_tasks_are_named_given_and_changed(folder, data):
    model, out = folder / "cities.evenvae", folder / "there.csv"
    code, _, err = evenvae("fit", data, "-o", model, "--task", "city", "--prior", "vamp", *FIT)
    assert code == 0, err
    code, rows, _ = evenvae("sample", model, "-n", "5", "--given", "city=Bonn", "-o", "-", "--seed", "1")
    assert code == 0
    assert rows.count("Bonn") == 5
    code, _, err = evenvae("translate", model, data, "--to", "city=Celle", "-o", out)
    assert code == 0, err
    assert set(pd.read_csv(out)["city"]) == {"Celle"}
    code, text, _ = evenvae("evaluate", model, data)
    assert code == 0
    assert "I(S;Z)" in text
    code, _, err = evenvae("sample", model, "-n", "5", "--given", "city=Rome", "-o", "-")
    assert code == 2
    assert "'Rome' was not seen in training" in err


COMPLETED = {
    "evenvae coc": "cocktail",
    "evenvae fit dat": "dataset:wine",
    "evenvae fit people.csv --balance imtl-g+p": "imtl-g+pcgrad",
    "evenvae fit people.csv --objective ge": "geco-iwae",
    "evenvae fit people.csv --set hidden": "hidden_size=",
}


@pytest.mark.parametrize("typed", COMPLETED)
def test_the_shell_completes(typed):
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_EVENVAE_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-m", "evenvae"], env={**os.environ, **asked}, capture_output=True, check=False
    )
    assert COMPLETED[typed] in done.stdout.decode().split()
    assert done.stderr == b""


def test_the_schema_for_machines(data):
    code, out, _ = evenvae("schema", data, "--json")
    assert code == 0
    assert {column["column"]: column["likelihood"] for column in json.loads(out)}["city"] == "categorical"


def test_a_fit_is_tracked(folder, data):
    pytest.importorskip("tensorboard")
    code, _, err = evenvae("fit", data, "-o", folder / "t.evenvae", "--track", f"tensorboard:{folder / 'runs'}", *FIT)
    assert code == 0, err
    assert list((folder / "runs").glob("events.out.tfevents.*"))


def test_a_lone_fit_asks_for_one_thread_unless_told_otherwise(monkeypatch):
    from evenvae.cli.common import use_cores

    monkeypatch.delenv("NPROC")
    use_cores(1)
    assert os.environ["NPROC"] == "1"
    monkeypatch.setenv("NPROC", "3")
    use_cores(1)
    assert os.environ["NPROC"] == "3"
