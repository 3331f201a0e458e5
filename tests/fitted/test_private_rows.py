"""The constants of a private fit follow from the schema alone."""

import dataclasses

import numpy as np
import pytest

from evenvae import EvenVAE, tables
from evenvae.errors import InputError
from evenvae.fitted.private_rows import PrivateRows, check_public, reference, reference_rows
from evenvae.likelihoods import names
from evenvae.options import Options
from evenvae.options.resolution import layout_of
from evenvae.tables import Column, Schema
from support import people


@pytest.fixture(scope="module")
def schema():
    return Schema.infer(people(240), families="paper")


def constants(space):
    parts = [np.concatenate([np.ravel(part) for part in scale]) for scale in space.scales]
    return np.concatenate([*parts, space.low, space.high, space.baseline])


@pytest.mark.parametrize("purpose", ["reconstruct", "sample"])
def test_two_tables_have_the_same_constants(schema, purpose):
    layout = layout_of(schema.features, Options.of(EvenVAE(purpose=purpose).get_params(deep=False)))
    one, other = (
        PrivateRows(tables.encode(table, schema), schema) for table in (people(60, seed=5), people(60, seed=6))
    )
    spaces = [rows.space(layout) for rows in (one, other)]
    np.testing.assert_array_equal(constants(spaces[0]), constants(spaces[1]))
    np.testing.assert_array_equal(
        *(space.marginal_bias(*rows.cells()) for space, rows in zip(spaces, (one, other), strict=True))
    )
    assert spaces[0].repeated is None
    assert one.missingness() is None
    # and the rows themselves are those of the table
    assert not np.array_equal(one.encoded.values, other.encoded.values)


@pytest.mark.parametrize("name", names())
def test_reference_numbers_are_inside_bounds_and_support(name):
    column = Column("a", likelihood=name, low=0.0, high=1.0 if "logit" in name else 90.0, levels=("a", "b", "c"))
    if name == "bernoulli":
        column = dataclasses.replace(column, levels=(False, True))
    values = reference(column)
    if column.discrete:
        assert values.tolist() == list(range(column.cardinality))
        return
    # of whole numbers there are no more
    assert len(np.unique(values)) > (85 if name.endswith(("poisson", "binomial")) else 500)
    assert values.min() >= 0
    assert values.max() <= 90
    if "lognormal" in name:
        # as many below 9 as above, in log(1 + x)
        assert np.median(values[values > 0]) == pytest.approx(91**0.5 - 1, rel=0.02)
    if name.startswith("spiked-log"):
        assert np.mean(values == 0) == pytest.approx(0.5, abs=0.01)


def test_levels_are_equally_frequent(schema):
    rows = reference_rows(schema)
    for place, column in enumerate(schema.features):
        if column.discrete:
            counts = np.bincount(rows[:, place].astype(int))
            assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column("a"), "no likelihood"),
        (Column("a", likelihood="normal", low=0.0), "no bounds"),
        (Column("a", likelihood="normal", low=1.0, high=1.0), "no bounds"),
        (Column("a", likelihood="lognormal", low=-5.0, high=-1.0), "outside the support"),
        (Column("a", likelihood="categorical", levels=("x",)), "fewer than two levels"),
        (Column("a", likelihood="normal", kind="image", shape=(2, 2)), "images"),
    ],
)
def test_a_schema_that_leaves_something_to_the_rows_is_refused(column, said):
    with pytest.raises(InputError, match=f"'a'.*{said}"):
        check_public(Schema((column,)))


@pytest.mark.parametrize("given", [None, {"age": "normal"}])
def test_no_schema_is_inferred(given):
    with pytest.raises(InputError, match="whole schema that does not come from the private rows"):
        check_public(given)


def test_tasks_are_refused(schema):
    columns = (*schema.columns, Column("site", role="task", levels=("a", "b"), kind="level"))
    with pytest.raises(InputError, match="tasks"):
        check_public(dataclasses.replace(schema, columns=columns))
