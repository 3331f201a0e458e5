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
            "normal": rng.normal(170, 8, ROWS),
            "amounts": np.where(atom < 0.6, 0.0, np.round(rng.lognormal(6, 1, ROWS), 2)),
            "humps": np.where(atom < 0.5, rng.normal(-8, 1, ROWS), rng.gamma(2, 1, ROWS)),
            "visits": rng.negative_binomial(0.3, 0.3 / (0.3 + 2), ROWS),
            "counts": rng.poisson(6, ROWS),
            "hours": np.where(atom < 0.5, 40, np.round(rng.normal(42, 12, ROWS)).clip(1)).astype(int),
        }
    )


def test_every_column_gets_the_family_that_it_was_drawn_from(made):
    found = {column.name: column.likelihood for column in tables.Schema.infer(made).features}
    assert found["normal"] == "normal"
    assert found["counts"] == "poisson"
    assert found["visits"] == "negative-binomial"
    assert found["amounts"] in ("spiked-lognormal", "spiked-monotone")
    assert found["hours"].startswith("spiked-")
    assert found["humps"] == "monotone"


def test_the_paper_s_rules_stay_at_hand(made):
    found = {column.name: column.likelihood for column in tables.Schema.infer(made, families="paper").features}
    assert found == {
        "normal": "lognormal",
        "amounts": "lognormal",
        "humps": "normal",
        "visits": "poisson",
        "counts": "poisson",
        "hours": "poisson",
    }


def test_the_reason_says_by_how_much_and_instead_of_what(made):
    amounts = tables.Schema.infer(made[["amounts"]])["amounts"]
    assert amounts.rule == "evidence"
    assert "nats a cell more than lognormal" in amounts.reason
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


def test_a_family_survives_files_and_dicts(made, tmp_path):
    schema = tables.Schema.infer(made)
    schema.to_toml(tmp_path / "schema.toml")
    again = tables.Schema.from_toml(tmp_path / "schema.toml").complete(made)
    assert [column.likelihood for column in again.features] == [column.likelihood for column in schema.features]
    assert tables.Schema.from_dict(schema.to_dict()) == schema
