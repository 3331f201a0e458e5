"""What a model is, and two models side by side, by the command."""

import json

import pytest

import evenvae as library
from cli_support import FIT, evenvae


def test_info_says_what_the_model_is(data, model):
    code, out, err = evenvae("info", model)
    assert code == 0, err
    assert "150 rows, 15 of them held out" in out
    assert all(
        word in out for word in ("poisson", "categorical", "lognormal", "latent_size=2", "network.width=16", "jax ")
    )
    assert "next: evenvae evaluate" in err
    assert evenvae("info", model, "--quiet")[2] == ""


def test_info_for_programs(data, model):
    code, out, err = evenvae("info", model, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    fitted = library.load(model)
    assert found["fingerprint"] == fitted.fitted_.record.fingerprint
    assert [column["column"] for column in found["columns"]] == ["age", "city", "income"]
    assert found["options"]["latent_size"] == 2
    assert found["versions"]["evenvae"] == library.__version__
    assert found["best"] == pytest.approx(min(min(one["validation"]) for one in fitted.history_))


def test_info_for_hubs(model):
    code, out, _ = evenvae("info", model, "--markdown")
    assert code == 0
    assert out.startswith("---\nlibrary_name: evenvae\n")
    code, out, err = evenvae("info", model, "--markdown", "--json")
    assert (code, out) == (2, "")
    assert "give one of them" in err


@pytest.fixture(scope="module")
def longer(folder, data):
    path = folder / "longer.evenvae"
    assert evenvae("fit", data, "-o", path, "--set", "latent_size=2", "--epochs", 60, "--quiet")[0] == 0
    return path


def test_two_models_side_by_side(data, model, longer):
    code, out, err = evenvae("compare", model, longer, data, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["a"], found["b"], found["rows"]) == (str(model), str(longer), 150)
    assert found["log_likelihood_gain"] == pytest.approx(found["log_likelihood_b"] - found["log_likelihood_a"])
    assert [column["column"] for column in found["columns"]] == ["age", "city", "income"]
    assert all(column["p"] is None or 0 <= column["p"] <= 1 for column in found["columns"])
    assert found["trained_on_a"] is found["trained_on_b"] is True
    code, out, err = evenvae("compare", data, model, longer)
    assert code == 0
    assert "nats a row" in out
    assert "A and B learned from these very rows" in out
    assert f"--beside {model}" in err


def test_a_model_beside_itself_differs_nowhere(data, model):
    _, out, _ = evenvae("compare", model, model, data, "--json")
    found = json.loads(out)
    assert found["log_likelihood_gain"] == 0
    assert all(column["ratio"] == column["p"] == column["hidden_p"] == 1 for column in found["columns"])


def test_models_of_other_columns_are_refused(folder, data, model, tmp_path):
    small = tmp_path / "small.csv"
    small.write_text("\n".join(",".join(line.split(",")[:2]) for line in data.read_text().splitlines()))
    assert evenvae("fit", small, "-o", tmp_path / "small.evenvae", *FIT)[0] == 0
    code, out, err = evenvae("compare", model, tmp_path / "small.evenvae", data)
    assert (code, out) == (2, "")
    assert "income" in err
    assert err.count("\n") == 1


def test_the_test_of_two_models_says_what_it_does_not_show(data, model, longer):
    out = " ".join(evenvae("compare", model, longer, data)[1].split())
    assert "over rows of these two fits" in out
    assert "not whether other seeds would" in out


def test_two_kinds_of_models_are_tested_over_seeds(folder, data, model, longer):
    again, other = folder / "again.evenvae", folder / "other.evenvae"
    assert evenvae("fit", data, "-o", again, "--seed", 1, *FIT)[0] == 0
    assert evenvae("fit", data, "-o", other, "--seed", 1, *FIT)[0] == 0
    call = ["compare", data, model, again, "--against", model, "--against", other]
    code, out, err = evenvae(*call, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["a"], found["b"]) == ([str(model), str(again)], [str(model), str(other)])
    assert (found["paired"], found["seeds_a"], found["log_likelihood_gain"]) == (True, [0, 1], 0)
    code, out, err = evenvae(*call)
    out = " ".join(out.split())
    assert "paired by seed, over 2 seeds" in out
    assert "With 2 seeds only large differences are found" in out
    assert "next: evenvae report" in err
    assert "differ in" not in err
    _, _, err = evenvae("compare", model, again, data, "--against", model, "--against", longer)
    assert code == 0
    assert "Two models of one kind were fitted with seed 0" in err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["compare", "MODEL", "DATA"], "compare needs two models and a table, as in: evenvae compare first.evenvae"),
        (["compare", "MODEL", "MODEL", "MODEL", "DATA"], "two kinds by several seeds, as in: evenvae compare a1"),
        (["compare", "DATA", "--against", "MODEL"], "compare needs models before DATA"),
        (["compare", "MODEL", "DATA", "--against", "MODEL"], "at least two models of each kind"),
    ],
)
def test_too_few_and_too_many_models(data, model, call, said):
    names = {"MODEL": model, "DATA": data}
    code, out, err = evenvae(*(names.get(word, word) for word in call))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
