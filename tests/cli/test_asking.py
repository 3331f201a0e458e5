"""What is asked of a model: files in and out, standard streams, and former names of options."""

import json

import numpy as np
import pandas as pd
import pytest

from cli_support import FIT, call, evenvae

TEXT = b"""name;age; city ;"income"\r
"Smith; Jr";34; Aachen;1200.50\r
Doe;NA; "Bonn";900\r
Roe;51;? ;2000.25\r
"""


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
    assert list(pd.read_parquet(folder / "encode.parquet")) == ["evenvae0", "evenvae1"]
    assert evenvae("score", model, data, "-o", folder / "sure.csv", "--tolerance", 0.2)[0] == 0
    scores = pd.read_csv(folder / "sure.csv")
    assert list(scores) == ["log_likelihood", "standard_error", "effective_samples", "reliable"]
    assert (scores.standard_error <= 0.2)[scores.reliable].mean() > 0.9
    assert evenvae("sample", model, "-n", 20, "-o", folder / "new.csv", "--seed", 1)[0] == 0
    sampled = pd.read_csv(folder / "new.csv")
    assert list(sampled.columns) == ["age", "city", "income"]
    assert set(sampled.city) <= {"Aachen", "Bonn", "Celle"}
    assert not sampled.isna().any().any()
    assert evenvae("sample", model, "-n", 3000, "-o", folder / "holey.csv", "--seed", 1, "--missing")[0] == 0
    assert 0 < pd.read_csv(folder / "holey.csv")["age"].isna().mean() < 0.05
    _, first, _ = evenvae("sample", model, "-n", 20, "-o", "-", "--seed", 1)
    assert first == (folder / "new.csv").read_text()


def test_evaluate_beside_another_model_names_the_column_that_pays(model, data, tmp_path):
    plain = tmp_path / "plain.evenvae"
    assert evenvae("fit", data, "-o", plain, "--balance", "none", *FIT)[0] == 0
    code, out, _ = evenvae("evaluate", model, data, "--beside", plain, "--json")
    found = json.loads(out)
    assert code == 0
    worst = max(found["columns"], key=lambda column: column["regret"])
    assert worst["column"] == found["worst_regret_column"]
    code, out, _ = evenvae("evaluate", model, data, "--beside", plain)
    assert code == 0
    assert f"({found['worst_regret_column']})" in out.splitlines()[-2]
    assert "nats a row" in out.splitlines()[-2]


def test_a_pilot_is_kept_and_compared_with(model, data, tmp_path):
    path, plain = tmp_path / "both.evenvae", tmp_path / "plain.evenvae"
    loud = FIT[:-1]
    code, _, err = evenvae("fit", data, "-o", path, "--pilot", *loud)
    assert code == 0, err
    assert "beside it a plain pilot of" in err
    assert evenvae("fit", data, "-o", plain, "--balance", "none", *FIT)[0] == 0
    _, by_default, _ = evenvae("evaluate", path, data, "--json")
    _, by_hand, _ = evenvae("evaluate", model, data, "--beside", plain, "--json")
    assert json.loads(by_default) == json.loads(by_hand)
    _, out, _ = evenvae("evaluate", path, data)
    assert "beside the plain pilot: worst regret" in out
    assert f"({json.loads(by_hand)['worst_regret_column']})" in out.splitlines()[-2]
    _, out, _ = evenvae("evaluate", path, data, "--beside", path)
    assert f"beside {path}: worst regret 1.000" in out
    page = tmp_path / "report.html"
    assert evenvae("report", path, data, "-o", page)[0] == 0
    assert "beside it a model trained <b>plain</b>" in page.read_text(encoding="utf-8")
    code, _, err = evenvae("fit", data, "-o", path, "--pilot", "--balance", "none", *FIT)
    assert code == 2
    assert "pilot=True has nothing to compare with" in err
    assert err.count("\n") == 1


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


def test_unseen_levels_are_a_note_not_an_error(folder, data, model):
    strange = folder / "strange.csv"
    strange.write_text(data.read_text().replace("Celle", "Dresden"))
    code, _, err = evenvae("score", model, strange, "-o", folder / "s.csv")
    assert code == 0
    assert "Dresden" in err
    assert "missing" in err


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


FORMER = {
    "evaluate": (["--statistic", "typical"], ["--point-estimate", "default"], "--statistic is now --point-estimate"),
    "evaluate by the mode": (["--statistic", "mode"], ["--point-estimate", "mode"], "is now --point-estimate"),
    "impute": (["--statistic", "mode"], ["--method", "mode"], "--statistic is now --method"),
}


@pytest.mark.parametrize("case", FORMER)
def test_former_names_of_options_work_and_warn(capsys, data, model, case):
    former, present, words = FORMER[case]
    command = case.split()[0]
    rest = ["--json"] if command == "evaluate" else ["-o", "-"]
    with pytest.warns(FutureWarning, match=words):
        code, old, _ = call(capsys, command, model, data, *former, *rest)
    assert code == 0
    assert call(capsys, command, model, data, *present, *rest) == (0, old, "")
    assert "--statistic" not in call(capsys, command, "--help")[1]


@pytest.mark.parametrize(
    "rule",
    [
        "@pd.io.common.os.system('touch {file}') == 0",
        "@pd.io.common.os.system('touch {file}') == 0 and age > 3",
        "__import__('os').system('touch {file}') == 0",
        "age.map(@open('{file}', 'w'))",
        "`@pd.io.common.os.system('touch {file}')` == 0",
        "(lambda: open('{file}', 'w'))()",
    ],
)
def test_a_rule_runs_no_code(folder, model, rule):
    file = folder / "ran"
    code, out, err = evenvae("sample", model, "-n", 3, "-o", folder / "refused.csv", "--rule", rule.format(file=file))
    assert (code, out) == (2, "")
    assert "rule" in err
    assert "character" in err
    assert len(err.strip().splitlines()) == 1
    assert not file.exists()
    assert not (folder / "refused.csv").exists()


def test_a_rule_holds_in_every_row(folder, model):
    rule = "income > 20 * age and city in ['Bonn', 'Celle']"
    assert evenvae("sample", model, "-n", 30, "-o", folder / "ruled.csv", "--seed", 1, "--rule", rule)[0] == 0
    drawn = pd.read_csv(folder / "ruled.csv")
    assert (drawn["income"] > 20 * drawn["age"]).all()
    assert set(drawn["city"]) <= {"Bonn", "Celle"}


@pytest.mark.parametrize(
    ("command", "option", "words"),
    [
        ("evaluate", "--point-estimate", "default, mean, median, mode"),
        ("impute", "--method", "importance, point, mode"),
    ],
)
def test_unknown_estimates_and_methods_are_refused(folder, data, model, command, option, words):
    rest = [] if command == "evaluate" else ["-o", folder / "y.csv"]
    code, out, err = evenvae(command, model, data, option, "best", *rest)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
