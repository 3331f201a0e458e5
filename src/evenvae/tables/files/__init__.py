"""Tables in files: delimited text, Parquet, Feather and JSON lines."""

from evenvae.tables.files.csv_patching import patch_csv, write_filled
from evenvae.tables.files.formats import KINDS, kind_of
from evenvae.tables.files.reading import read_table
from evenvae.tables.files.writing import write_table

__all__ = ["KINDS", "kind_of", "patch_csv", "read_table", "write_filled", "write_table"]
