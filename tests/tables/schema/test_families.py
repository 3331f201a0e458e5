"""Families of numbers by held-out cells."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.schema import families

ROWS = 3000


@pytest.fixture
def made():
    """Columns whose families are known, by name."""
    rng = np.random.default_rng(0)
    atom = rng.random(ROWS)
    return pd.DataFrame(
        {
            "normal": rng.normal(0, 8, ROWS),
            "amounts": np.where(atom < 0.6, 0.0, np.round(rng.lognormal(6, 1, ROWS), 2)),
            "humps": np.where(atom < 0.5, rng.normal(-8, 1, ROWS), rng.gamma(2, 1, ROWS)),
            "stays": np.where(atom < 0.5, 0, 20 + rng.poisson(4, ROWS)),
            "counts": rng.poisson(6, ROWS),
            "hours": np.where(atom < 0.5, 40, np.round(rng.normal(42, 12, ROWS)).clip(1)).astype(int),
        }
    )


def test_every_column_gets_the_family_that_it_was_drawn_from(made):
    found = {column.name: column.likelihood for column in tables.Schema.infer(made).features}
    assert found["normal"] == "normal"
    assert found["counts"] == "poisson"
    assert found["amounts"] == "spiked-lognormal"
    assert found["hours"] == "spiked-normal"
    assert found["stays"].startswith("spiked-")
    assert found["humps"] == "monotone"


def test_the_paper_s_rules_stay_at_hand(made):
    found = {column.name: column.likelihood for column in tables.Schema.infer(made, families="paper").features}
    assert found == {
        "normal": "normal",
        "amounts": "lognormal",
        "humps": "normal",
        "stays": "poisson",
        "counts": "poisson",
        "hours": "poisson",
    }


def test_the_reason_says_by_how_much_and_instead_of_what(made):
    amounts = tables.Schema.infer(made[["amounts"]])["amounts"]
    assert amounts.rule == "evidence"
    assert "nats likelier, each, than under lognormal" in amounts.reason
    assert "no continuous likelihood" not in amounts.note


def test_what_the_user_has_chosen_stays(made):
    schema = tables.Schema.infer(made, overrides={"amounts": "lognormal", "hours": {"likelihood": "poisson"}})
    assert schema["amounts"].likelihood == "lognormal"
    assert schema["hours"].likelihood == "poisson"
    # a complete schema is what it was
    assert schema.complete(made) == schema


def test_a_schema_of_the_literature_can_be_changed_to_the_evidence(made):
    paper = tables.Schema.infer(made, families="paper")
    assert paper.with_families(made) == tables.Schema.infer(made)


def test_few_cells_are_no_evidence(made):
    few = made.head(families.FEWEST - 1)
    assert tables.Schema.infer(few) == tables.Schema.infer(few, families="paper")


def test_one_held_out_cell_does_not_decide(made):
    values = np.append(np.random.default_rng(1).lognormal(3, 0.4, ROWS), 0.0)
    judged = {one.family: one for one in families.judge(values)}
    assert judged["lognormal"].nats > -10
    assert judged["normal"].by_cell.min() >= families.LEAST


def test_a_probability_on_a_grid_is_at_most_one():
    # half of the cells are 3, and all are 3, 4 or 5: a narrow density at 3 would exceed any probability
    values = np.random.default_rng(0).choice([3.0, 3, 4, 5], ROWS)
    for one in families.judge(values):
        assert one.nats <= np.log([0.5, 0.25, 0.25]) @ [0.5, 0.25, 0.25] + 0.05


def test_an_unknown_choice_is_told(made):
    with pytest.raises(InputError, match="families='papers' is not known; did you mean 'paper'"):
        tables.Schema.infer(made, families="papers")


def judged(family, worth, vague=False, charge=0.0):
    return families.Judged(family, worth + charge, vague, charge, np.full(100, worth + charge))


def test_the_simplest_of_equally_good_families_is_taken():
    best, simple = judged("monotone", -2.0, charge=0.1), judged("student-t", -2.01, charge=0.01)
    assert families.chosen([best, simple, judged("normal", -3.0)], "normal") == simple
    assert families.chosen([best, judged("normal", -2.01)], "normal") is None


def test_a_vague_family_must_be_far_ahead():
    vague = judged("negative-binomial", -2.0, vague=True)
    near, far = judged("lognormal", -2.05), judged("lognormal", -2.5)
    own = judged("poisson", -4.0, vague=True)
    assert families.chosen([vague, near, own], "poisson") == near
    assert families.chosen([vague, far, own], "poisson") == vague
    # what is no better than the paper's family is not taken instead of it
    assert families.chosen([vague, near, judged("poisson", -2.06, vague=True)], "poisson") is None


def test_which_families_are_vague():
    values = np.random.default_rng(0).negative_binomial(1, 0.3, 1000).astype(float)
    vague = {one.family for one in families.judge(values) if one.vague}
    assert vague == {"poisson", "negative-binomial", "zero-inflated-poisson", "zero-inflated-negative-binomial"}


def test_a_family_survives_files_and_dicts(made, tmp_path):
    schema = tables.Schema.infer(made)
    schema.to_toml(tmp_path / "schema.toml")
    again = tables.Schema.from_toml(tmp_path / "schema.toml").complete(made)
    assert [column.likelihood for column in again.features] == [column.likelihood for column in schema.features]
    assert tables.Schema.from_dict(schema.to_dict()) == schema
