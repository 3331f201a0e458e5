"""How a hole is spelled."""

MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "#NA",
    "NaN",
    "nan",
    "NULL",
    "Null",
    "null",
    "None",
    "<NA>",
    "NaT",
    "?",
)
"""Texts that mean a missing cell in any column of a text file. A column of the schema may add its own; `.` and
`-` are no holes, because they are levels in some tables."""
