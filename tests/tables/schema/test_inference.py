"""What the columns of a table are taken for."""

import pandas as pd
import pytest

from evenvae import tables
from rules_support import COLUMNS, table_of_every_rule


@pytest.fixture(scope="module")
def frame():
    return table_of_every_rule()


@pytest.mark.parametrize("name", COLUMNS)
def test_rules(frame, name):
    column = tables.Schema.infer(frame, families="paper")[name]
    assert (column.role, column.likelihood, column.rule) == ("feature", *COLUMNS[name][1:])
    assert column.reason


@pytest.mark.parametrize(
    ("name", "role"),
    [("row_id", "identifier"), ("running", "identifier"), ("uuid", "identifier"), ("prose", "ignored"),
     ("same", "constant"), ("none", "ignored")],
)  # fmt: skip
def test_columns_that_are_not_modelled(frame, name, role):
    column = tables.Schema.infer(frame, families="paper")[name]
    assert (column.role, column.likelihood) == (role, None)
    assert column.reason


def test_notes(frame):
    schema = tables.Schema.infer(frame, families="paper")
    assert 'likelihood = "categorical"' in schema["count"].note
    assert "50%" in schema["positive"].note
    assert "thousands mark" in schema["money"].doubt
    assert len(schema.report()) == frame.shape[1]


def test_few_rows_have_no_identifier():
    assert tables.Schema.infer(pd.DataFrame({"id": range(10)}))["id"].role == "feature"


def test_options(frame):
    assert tables.Schema.infer(frame, families="paper", count_max=8)["count"].likelihood == "lognormal"
    assert tables.Schema.infer(frame, families="paper", int_cat_max=4)["count"].likelihood == "categorical"
    schema = tables.Schema.infer(frame, overrides={"count": "categorical", "two": {"role": "ignored"}})
    assert schema["count"].levels == (0, 4, 7, 9)
    assert "two" not in [column.name for column in schema.features]
