"""Tables in files: delimited text, Parquet, Feather and JSON lines."""

from evenvae.tables.files.csv_patching import filled_text, patch_csv, write_filled
from evenvae.tables.files.formats import KINDS, kind_of
from evenvae.tables.files.reading import in_memory_if_small, read_table
from evenvae.tables.files.table_files import TableFiles, open_files
from evenvae.tables.files.writing import write_table
from evenvae.tables.files.writing_pieces import write_tables, written_together

__all__ = [
    "KINDS",
    "TableFiles",
    "filled_text",
    "in_memory_if_small",
    "kind_of",
    "open_files",
    "patch_csv",
    "read_table",
    "write_filled",
    "write_table",
    "write_tables",
    "written_together",
]
