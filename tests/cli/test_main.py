"""The command as a user calls it: exit codes, and one line on standard error for every wrong call."""

import pytest

from cli_support import evenvae, write

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
    "unknown setting": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "latent_sise=3"], "latent_size"),
    "unknown setting of a part": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "network.widht=3"], "width"),
    "former setting": (
        lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "hidden_size=8"],
        "The option 'hidden_size' is now network.width.",
    ),
    "setting of an option without parts": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "epochs.x=8"], "epochs"),
    "setting without a value": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "epochs"], "name=value"),
    "unknown data set": (lambda f, d, m: ["fit", "dataset:adlut", "-o", f / "x"], "adult"),
    "unknown ending": (lambda f, d, m: ["encode", m, d, "-o", f / "x.xlsx"], ".csv"),
    "ragged row": (lambda f, d, m: ["fit", write(f, "rag.csv", "a,b\n1,2\n3\n"), "-o", f / "x"], "line 3"),
    "no folder": (lambda f, d, m: ["fit", d, "-o", f / "no" / "x"], "folder"),
    "missing column": (lambda f, d, m: ["score", m, write(f, "c.csv", "age,city\n1,Bonn\n"), "-o", "-"], "income"),
    "a folder for the model": (lambda f, d, m: ["fit", d, "-o", f], "is a folder"),
    "an empty folder as data": (lambda f, d, m: ["schema", empty(f)], "holds no table"),
    "a folder for the schema": (lambda f, d, m: ["schema", d, "-o", f], "is a folder"),
    "a file as checkpoint": (lambda f, d, m: ["fit", d, "-o", f / "x", "--checkpoint", d], "people.csv"),
    "text for a number": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "network.dropout=a"], "network.dropout"),
    "half a unit": (lambda f, d, m: ["fit", d, "-o", f / "x", "--set", "network.width=1.5"], "whole number"),
    "negative seed": (lambda f, d, m: ["fit", d, "-o", f / "x", "--seed", "-1"], "random_state"),
    "no samples": (lambda f, d, m: ["score", m, d, "-o", f / "x.csv", "--samples", "0"], "samples=0"),
    "no such tracker": (lambda f, d, m: ["fit", d, "-o", f / "x", "--track", "wandb:x"], "tensorboard:DIR"),
    "resume without a folder": (lambda f, d, m: ["fit", d, "-o", f / "x", "--resume"], "--checkpoint"),
}


def empty(folder):
    path = folder / "empty"
    path.mkdir(exist_ok=True)
    return path


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


def test_help_has_examples():
    for command in ("schema", "fit", "evaluate", "impute", "sample", "encode", "score", "demo"):
        code, out, _ = evenvae(command, "--help")
        assert code == 0
        assert "Example" in out


def test_a_file_that_may_not_be_read_is_said_in_one_line(monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied", "secret.csv")

    monkeypatch.setattr("evenvae.tables.open_files", refused)
    code, _, said = evenvae("schema", "secret.csv")
    assert (code, said.count("\n")) == (2, 1)
    assert "secret.csv: Permission denied" in said
