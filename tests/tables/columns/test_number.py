"""Numbers: what they are taken for, bounds and decimals."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError


def test_decoded_numbers_keep_bounds_and_decimals():
    table = pd.DataFrame({"n": [1, 2, 5, 9], "x": [0.25, 1.5, 2.75, 3]})
    schema = tables.Schema.infer(table)
    decoded = tables.decode(np.array([[-4.0, 0.123456], [3.4, 99]]), schema)
    assert decoded["n"].tolist() == [1, 3]
    assert decoded["x"].tolist() == [0.25, 3]


def test_texts_that_spell_numbers_are_numbers_if_the_schema_says_so():
    table = pd.DataFrame({"x": [" 1.5", "2", None, "4"] * 3})
    column = tables.Schema.infer(table, overrides={"x": "lognormal"})["x"]
    assert (column.kind, column.low, column.high, column.decimals) == ("number", 1.5, 4, 1)
    np.testing.assert_array_equal(column.encode(table["x"])[:4], [1.5, 2, np.nan, 4])


def test_cells_that_are_no_numbers_are_reported():
    column = tables.Column("x", likelihood="normal")
    with pytest.warns(tables.TableWarning, match="1 cells are not finite numbers"):
        np.testing.assert_array_equal(column.encode(pd.Series(["1", "two"])), [1, np.nan])
    with pytest.warns(tables.TableWarning, match="1 cells are not finite numbers"):
        np.testing.assert_array_equal(column.encode(pd.Series([1.0, np.inf])), [1, np.nan])


@pytest.mark.parametrize(
    ("others", "far", "taken_out"),
    [
        (np.linspace(-1, 1, 60), [1e300], 1),
        (np.linspace(-1, 1, 60), [1e9, -1e12, 1e39], 3),
        (np.linspace(-1, 1, 60), [1e5], 0),
        # wide, but without a gap; zeros with rare large numbers; others that differ by rounding errors
        (np.exp(np.linspace(-40, 40, 60)), [], 0),
        (np.zeros(60), [5e8], 0),
        (np.full(60, 0.1 + 0.2), [0.3, 0.3, 0.5], 0),
        # too many to be a mistake
        (np.linspace(-1, 1, 20), [1e9, 1e9 + 1, 1e9 + 2], 0),
        # nothing can be told from so few
        (np.array([0.0, 1.0]), [1e9], 0),
    ],
)
def test_numbers_far_outside_the_others_are_taken_out(others, far, taken_out):
    values = np.array([*others, *far])
    column = tables.Schema.infer(pd.DataFrame({"x": values}), overrides={"x": "normal"})["x"]
    if not taken_out:
        np.testing.assert_array_equal(column.encode(pd.Series(values)), values)
        return
    with pytest.warns(tables.TableWarning, match=f"Column 'x': {taken_out} cells .* in row {len(others)}, and are"):
        encoded = column.encode(pd.Series(values))
    np.testing.assert_array_equal(encoded, [*others, *[np.nan] * taken_out])
    assert (column.low, column.high) == (others.min(), others.max())


def test_counts_beside_an_absurd_number_are_counts():
    values = [*range(40), *range(40), 10**300]
    with pytest.warns(tables.TableWarning, match="'x'"):
        assert tables.Schema.infer(pd.DataFrame({"x": np.array(values, float)}))["x"].likelihood == "poisson"


def test_the_user_decides_what_a_comma_is():
    table = pd.DataFrame({"x": ["1,234", "12,500", "7", None] * 3})
    guessed = tables.Schema.infer(table)["x"]
    assert (guessed.high, guessed.text_format) == (12_500, "#,##0")
    assert 'text_format = "0,###"' in guessed.doubt
    told = tables.Schema.infer(table, overrides={"x": {"text_format": "0,###"}})["x"]
    assert (told.low, told.high, told.decimals, told.likelihood, told.doubt) == (1.234, 12.5, 3, "lognormal", "")
    assert told.decode(np.array([7.5])).tolist() == ["7,5"]
    with pytest.raises(InputError, match="no pattern of numbers"):
        tables.Schema.infer(table, overrides={"x": {"text_format": "comma"}})


def test_few_texts_of_digits_are_written_as_texts_if_they_are_numbers():
    table = pd.DataFrame({"x": ["1", "2", "3", None] * 5})
    assert tables.Schema.infer(table)["x"].discrete
    column = tables.Schema.infer(table, overrides={"x": "poisson"})["x"]
    assert column.decode(np.array([2.2, np.nan])).tolist() == ["2", None]


@pytest.mark.parametrize("absurd", [np.inf, -np.inf, 1e300])
def test_an_absurd_number_is_no_level_and_no_constant(absurd):
    cells = np.array([0.0, 1.0, 1.0, absurd] * 6)
    with pytest.warns(tables.TableWarning, match="'flag'.*treated as missing"):
        column = tables.Schema.infer(pd.DataFrame({"flag": cells}))["flag"]
    assert (column.likelihood, column.levels) == ("bernoulli", (0, 1))
    with pytest.warns(tables.TableWarning, match="'same'.*treated as missing"):
        column = tables.Schema.infer(pd.DataFrame({"same": np.where(cells == absurd, absurd, 5.0)}))["same"]
    assert (column.role, column.value) == ("constant", 5.0)


@pytest.mark.parametrize("cells", [[np.inf], [-np.inf], [np.inf, -np.inf], [np.inf, np.nan]])
def test_a_column_of_infinite_numbers_alone_is_one_of_missing_cells(cells):
    frame = pd.DataFrame({"endless": cells * 20, "beside": np.arange(20.0 * len(cells))})
    with pytest.warns(tables.TableWarning, match="'endless'.*not finite"):
        column = tables.Schema.infer(frame)["endless"]
    assert (column.role, column.reason) == ("ignored", "every cell is missing")


def test_floats_that_are_longer_than_64_bits_are_numbers():
    cells = np.linspace(0, 1, 30).astype(np.longdouble)
    column = tables.Schema.infer(pd.DataFrame({"x": cells}))["x"]
    assert (column.low, column.high) == (0, 1)
