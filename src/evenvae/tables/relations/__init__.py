"""Columns that are functions of other columns, found in a table. One file for every kind of relation.

A relation must hold in every row in which the columns are observed, and so often that chance is impossible. `finding`
asks the kinds in turn, and gives a formula (see `tables.formulas`) for every column that is a function of others.
"""
