"""Tables: what each column is, raw cells to numbers and back, files."""

from evenvae.tables.codec import Encoded, decode, encode, fill
from evenvae.tables.files import read_table, write_filled, write_table
from evenvae.tables.frames import as_frame, library_of
from evenvae.tables.missing import MISSING
from evenvae.tables.schema import Column, Schema

__all__ = [
    "MISSING",
    "Column",
    "Encoded",
    "Schema",
    "as_frame",
    "decode",
    "encode",
    "fill",
    "library_of",
    "read_table",
    "write_filled",
    "write_table",
]
