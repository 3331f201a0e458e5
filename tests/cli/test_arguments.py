"""MODEL and DATA: in either order, and one in the place of the other."""

import pytest

from cli_support import FIT, evenvae


@pytest.mark.parametrize("command", ["evaluate", "impute", "encode", "score", "report"])
def test_either_order_of_model_and_table_works(folder, data, model, command):
    out = [] if command == "evaluate" else ["-o", folder / ("order.html" if command == "report" else "order.csv")]
    code, _, err = evenvae(command, data, model, *out)
    assert code == 0, err
    assert f"note: {data} was taken as DATA" in err


def test_the_answer_is_that_of_the_right_order(folder, data, model):
    one, other = folder / "right.csv", folder / "wrong.csv"
    assert evenvae("score", model, data, "-o", one)[0] == 0
    assert evenvae("score", data, model, "-o", other)[0] == 0
    assert one.read_bytes() == other.read_bytes()


def test_one_in_the_place_of_the_other_is_told(folder, data, model):
    for call, words in (
        (["fit", model, "-o", folder / "x"], f"{model} is a model, and DATA must be a table"),
        (["schema", model], f"evenvae info {model}"),
        (["score", data, data, "-o", folder / "x.csv"], f"{data} is a table, and MODEL must be a file that fit wrote"),
        (["sample", data, "-n", 3, "-o", folder / "x.csv"], f"evenvae fit {data}"),
        (["info", data], f"evenvae fit {data}"),
        (["score", model, model, "-o", folder / "x.csv"], "DATA must be a table"),
        (["fit", "wine", "-o", folder / "x"], "the data set of that name is dataset:wine"),
    ):
        code, out, err = evenvae(*call)
        assert (code, out) == (2, "")
        assert words in err
        assert err.count("\n") == 1


def test_names_that_are_nearly_right(folder, data, model, monkeypatch):
    monkeypatch.chdir(folder)
    for call, words in (
        (["fit", "peopel.csv", "-o", "x"], "did you mean people.csv?"),
        (["score", "peple.evenvae", data, "-o", "-"], "did you mean people.evenvae?"),
        (["fti", data], "Did you mean 'fit'?"),
        (["fit", data, "-o", "x", "--epoch", 3], "did you mean --epochs?"),
        (["fit", data, "-o", "x", "--latent-size", 3], "did you mean --set latent_size=VALUE?"),
        (["fit", data, "-o", "x", "--width", 3], "did you mean --set network.width=VALUE?"),
        (["fit", data, "-o", "x", "--balance", "imtlg"], "did you mean 'imtl-g'?"),
        (["fit", data, "-o", "x", "--purpose", "inpute"], "Did you mean 'impute'?"),
        (["fit", data, "-o", "x", "--task", "ctiy"], "did you mean 'city'?"),
        (["sample", model, "-n", 3, "-o", "-", "--given", "ctiy=Bonn"], "did you mean 'city'?"),
        (["fit", "dataset:wnie", "-o", "x"], "did you mean 'wine'?"),
        (["people.csv"], "a command comes first, as in: evenvae fit people.csv"),
        (["people.evenvae"], "evenvae info people.evenvae"),
        (["impute", model, data], "as in: evenvae impute people.evenvae incomplete.csv -o filled.csv"),
        (["impute", model], "as in: evenvae impute"),
    ):
        code, out, err = evenvae(*call)
        assert (code, out) == (2, ""), err
        assert words in err
        assert err.count("\n") == 1


def test_a_model_gets_the_name_of_its_table(folder, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "towns.csv").write_bytes(data.read_bytes())
    code, out, err = evenvae("fit", "towns.csv", *FIT[:-1])
    assert (code, out) == (0, "")
    assert err.startswith("towns.evenvae: 150 rows, 3 columns")
    assert "next: evenvae evaluate towns.evenvae towns.csv" in err
    before = (tmp_path / "towns.evenvae").read_bytes()
    code, _, err = evenvae("fit", "towns.csv", "--seed", 1, *FIT)
    assert code == 2
    assert "towns.evenvae exists already; add -o towns.evenvae to replace it" in err
    assert (tmp_path / "towns.evenvae").read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("data/people.csv.gz", "people.evenvae"),
        ("people.PARQUET", "people.evenvae"),
        ("dataset:wine", "wine.evenvae"),
        ("-", "model.evenvae"),
        ("years/", "years.evenvae"),
        ("years/*.parquet", "years.evenvae"),
        ("*.csv", "model.evenvae"),
    ],
)
def test_default_names(tmp_path, monkeypatch, typed, name):
    from evenvae.cli.fitting import default_out

    monkeypatch.chdir(tmp_path)
    assert str(default_out(typed)) == name
