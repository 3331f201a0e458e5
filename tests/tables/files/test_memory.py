"""Content that belongs to Arrow."""

import sys

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from evenvae.tables.files.memory import arrow_buffer


@given(st.binary(max_size=200))
def test_the_buffer_holds_the_content(content):
    assert pa.BufferReader(arrow_buffer(content)).read() == content


def test_the_buffer_does_not_hold_the_bytes_of_python():
    content = bytes(1000)
    before = sys.getrefcount(content)
    buffer = arrow_buffer(content)
    assert sys.getrefcount(content) == before
    assert buffer.size == 1000
