"""Formulas: expressions of columns that users write, in a small language of our own.

A formula is read into a tree (`parsing`), which is evaluated on whole columns (`evaluating`). Nothing of Python can be
reached from it: it knows columns, constants and the named functions in `functions`.
"""

from evenvae.tables.formulas.cells import Cells
from evenvae.tables.formulas.evaluating import evaluate, truth
from evenvae.tables.formulas.parsing import check_names, parse
from evenvae.tables.formulas.spelling import spelled_constant, spelled_name
from evenvae.tables.formulas.tree import Formula

__all__ = ["Cells", "Formula", "check_names", "evaluate", "parse", "spelled_constant", "spelled_name", "truth"]
