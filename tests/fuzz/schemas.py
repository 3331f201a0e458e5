"""Hostile schema files: TOML by kind, for the table of `originals`."""

from fuzz.columns import TEXTS
from fuzz.files import broken

FIELDS = (
    "likelihood",
    "role",
    "kind",
    "levels",
    "low",
    "high",
    "decimals",
    "missing",
    "text_format",
    "formula",
    "unit",
    "value_type",
    "shape",
    "pooled",
    "ordered",
    "categories",
    "dtype",
    "value",
    "no_such_field",
)
VALUES = (
    '"poisson"',
    '"bernoulli"',
    '"categorical"',
    '"normal"',
    '"feature"',
    '"task"',
    '"level"',
    '"datetime"',
    '"image"',
    '"%Y"',
    '"#,##0"',
    '"2 * real"',
    '"1 / 0"',
    '"age + age + "',
    '""',
    '"\\u0000"',
    "-1",
    "0",
    "1e308",
    "inf",
    "nan",
    "9223372036854775807",
    "true",
    "[]",
    '["Bonn", "Celle"]',
    "[1, 1]",
    "[[1]]",
    "{a = 1}",
    "2020-01-01",
    "[nan]",
    "1000000000",
)
COLUMNS = ("age", "real", "city", "since", "nobody")


def _fields(rng):
    """Fields of one or two columns, each with any value."""
    lines = []
    for name in rng.choice(COLUMNS[:4] if rng.random() < 0.9 else COLUMNS, rng.integers(1, 3), replace=False):
        lines.append(f"[columns.{name}]")
        lines += [
            f"{f} = {VALUES[rng.integers(len(VALUES))]}" for f in rng.choice(FIELDS, rng.integers(1, 4), replace=False)
        ]
    return "\n".join(lines).encode()


def _names(rng):
    escaped = TEXTS[rng.integers(len(TEXTS))].encode("unicode_escape").decode().replace("\\x", "\\u00")
    return f'[columns."{escaped[:200]}"]\nlikelihood = "normal"\n'.replace('say "a"', "say").encode()


PLAIN = b'library = "pandas"\n[columns.age]\nlikelihood = "poisson"\nlow = 0\n[columns.city]\nrole = "feature"\n'
SCHEMAS = {
    "fields": _fields,
    "names": _names,
    "bytes changed": lambda rng: broken(rng, PLAIN),
    "nothing": lambda rng: b"",
    "noise": lambda rng: rng.bytes(300),
    "nested deeply": lambda rng: b"a = " + b"[" * 5000 + b"]" * 5000,
    "keys twice": lambda rng: PLAIN + b"[columns.age]\nlow = 1\n",
    "other tables": lambda rng: b"[rows]\na = 1\n",
    "columns as a list": lambda rng: b"columns = [1]\n",
    "a column as a number": lambda rng: b"[columns]\nage = 3\n",
    "byte-order mark": lambda rng: b"\xef\xbb\xbf" + PLAIN,
    "UTF-16": lambda rng: PLAIN.decode().encode("utf-16"),
}
"""Content of schema files, by kind."""
