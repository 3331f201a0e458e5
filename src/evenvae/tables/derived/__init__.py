"""Columns that are computed from other columns by a formula: in drawn rows and in filled cells.

`plan` reads the formulas of a schema, `computing` computes their columns, `pulling` chooses a missing source so that it
agrees with what is known of the columns that are computed from it.
"""
