"""Tables: what each column is, raw cells to numbers and back, files."""

from evenvae.errors import TableWarning
from evenvae.tables.codec import Encoded, decode, encode, fingerprint
from evenvae.tables.csv_patching import patch_csv, write_filled
from evenvae.tables.files import read_table, write_table
from evenvae.tables.filling import fill
from evenvae.tables.frames import as_frame, library_of
from evenvae.tables.hole_pattern import HolePattern
from evenvae.tables.holes import with_holes
from evenvae.tables.missing import MISSING
from evenvae.tables.schema import Column, Schema

__all__ = [
    "MISSING",
    "Column",
    "Encoded",
    "HolePattern",
    "Schema",
    "TableWarning",
    "as_frame",
    "decode",
    "encode",
    "fill",
    "fingerprint",
    "library_of",
    "patch_csv",
    "read_table",
    "with_holes",
    "write_filled",
    "write_table",
]
