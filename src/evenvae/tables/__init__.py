"""Tables: what each column is, cells as numbers and back, and table files."""

from evenvae.errors import TableWarning
from evenvae.tables.codec import Encoded, decode, encode, fingerprint
from evenvae.tables.columns.missing_cells import MISSING
from evenvae.tables.derived.computing import decode_derived
from evenvae.tables.files import (
    TableFiles,
    in_memory_if_small,
    open_files,
    patch_csv,
    read_table,
    write_filled,
    write_table,
    write_tables,
    written_together,
)
from evenvae.tables.filling import fill
from evenvae.tables.frames import as_frame, library_of
from evenvae.tables.hiding import hide_cells
from evenvae.tables.interchange import collected
from evenvae.tables.missingness import MissingnessModel
from evenvae.tables.schema import Column, Schema
from evenvae.tables.tasks import TaskCounts

__all__ = [
    "MISSING",
    "Column",
    "Encoded",
    "MissingnessModel",
    "Schema",
    "TableFiles",
    "TableWarning",
    "TaskCounts",
    "as_frame",
    "collected",
    "decode",
    "decode_derived",
    "encode",
    "fill",
    "fingerprint",
    "hide_cells",
    "in_memory_if_small",
    "library_of",
    "open_files",
    "patch_csv",
    "read_table",
    "write_filled",
    "write_table",
    "write_tables",
    "written_together",
]
