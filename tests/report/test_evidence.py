"""What is asked of the model."""

import numpy as np
import pytest

from evenvae import EvenVAE, InputError, Network
from evenvae.report import build, gather


def test_large_tables_are_summarised_by_seed(fitted, table):
    few = gather(fitted, table, rows=40, seed=1)
    again = gather(fitted, table, rows=40, seed=1)
    assert len(few.values) == 40
    assert few.table_rows == 300
    np.testing.assert_array_equal(few.places, again.places)
    assert [s.parts for s in build(few)] == [s.parts for s in build(again)]


def test_wrong_input_is_one_sentence(fitted, table):
    other = EvenVAE(network=Network(width=8, depth=1), latent_size=1, epochs=1).fit(table[["age", "income"]])
    with pytest.raises(InputError, match="other columns"):
        gather(fitted, table, beside=other)
    with pytest.raises(InputError, match="rows=1"):
        gather(fitted, table, rows=1)
