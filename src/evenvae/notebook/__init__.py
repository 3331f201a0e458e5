"""Pieces of HTML for notebooks: tables, bars and a diagram of a model, from texts and numbers alone."""

from evenvae.notebook.diagram import Box, diagram
from evenvae.notebook.pieces import Bar, Cell, card, facts, folded, note, number, table

__all__ = ["Bar", "Box", "Cell", "card", "diagram", "facts", "folded", "note", "number", "table"]
