"""The roundest number of a range."""

from hypothesis import given
from hypothesis import strategies as st

from evenvae.tables.relations.round_numbers import roundest, significant

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(NUMBERS, st.floats(0, 1e6))
def test_it_lies_in_the_range(low, width):
    found = roundest(low, low + width)
    assert found is not None
    slack = 1e-8 * max(1.0, abs(low))
    assert low - slack <= found <= low + width + slack


def test_numbers_that_people_would_choose():
    assert roundest(2.5399, 2.5402) == 2.54
    assert roundest(17.0001, 18) == 18
    assert roundest(-3.2, -2.9) == -3
    assert roundest(0.4533, 0.4537) == 0.4535
    assert roundest(940, 1010) == 1000
    assert roundest(3, 2) is None
    assert significant(1234.5, 2) == 1200
