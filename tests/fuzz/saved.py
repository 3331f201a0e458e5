"""Altered files of the library's own: models, checkpoints, results of a search. Each kind changes a whole one."""

import copy
import json
import shutil
import sqlite3

import numpy as np

from evenvae.io import tensors as tensor_files
from fuzz.files import broken

ODD = (
    None,
    True,
    False,
    0,
    -1,
    1,
    1.5,
    10**9,
    2**70,
    float("nan"),
    float("inf"),
    1e300,
    "",
    "a",
    "\x00",
    "nan",
    [],
    [[]],
    {},
    {"a": 1},
    [None],
    ["a", "a"],
    [1, 2, 3],
)
"""What may stand where something else is expected."""


def _header(content):
    length = int.from_bytes(content[:8], "little")
    return length, content[8 : 8 + length], content[8 + length :]


def _with_header(header, rest, length=None):
    return (len(header) if length is None else length).to_bytes(8, "little") + header + rest


def _header_changed(change):
    def made(rng, content):
        _, header, rest = _header(content)
        described = json.loads(header)
        names = [name for name in described if name != "__metadata__"]
        change(rng, described, str(rng.choice(names)))
        return _with_header(json.dumps(described).encode(), rest)

    return made


def _size(rng, header, name):
    start, stop = header[name]["data_offsets"]
    header[name]["data_offsets"] = [start, int(rng.choice([stop + 4, stop - 4, 2**62, -1, start]))]


def _dtype(rng, header, name):
    header[name]["dtype"] = str(rng.choice(["F64", "F16", "I32", "BOOL", "BF16", "C64", "X"]))


def _shape(rng, header, name):
    shape = header[name]["shape"]
    header[name]["shape"] = [shape[::-1], [*shape, 1], [2**40, 2**40], [-1], [0], []][rng.integers(6)]


def _raw_header(make):
    return lambda rng, content: _with_header(*make(rng, *_header(content)[1:]))


def _twice(rng, header, rest):
    described = json.loads(header)
    name = str(rng.choice([name for name in described if name != "__metadata__"]))
    again = json.dumps({name: described[name]})[1:-1]
    return header.rstrip()[:-1] + b"," + again.encode() + b"}", rest


BYTES = {
    "bytes changed": broken,
    "cut short": lambda rng, content: content[: rng.integers(len(content))],
    "longer": lambda rng, content: content + rng.bytes(int(rng.integers(1, 99))),
    "nothing": lambda rng, content: b"",
    "noise": lambda rng, content: rng.bytes(400),
    "sizes": _header_changed(_size),
    "dtypes": _header_changed(_dtype),
    "shapes": _header_changed(_shape),
    "header of gigabytes": lambda rng, content: _with_header(
        _header(content)[1], b"", int(2 ** rng.integers(30, 64, dtype=np.uint64) - 1)
    ),
    "header is no JSON": _raw_header(lambda rng, header, rest: (rng.bytes(len(header)), rest)),
    "header nested deeply": _raw_header(lambda rng, header, rest: (b'{"a":' * 5000 + b"1" + b"}" * 5000, rest)),
    "key twice": _raw_header(_twice),
}
"""Changes of bytes, which a checksum or the format gives away."""


def _some(rng, tensors, wanted=lambda value: True):
    names = [name for name, value in tensors.items() if wanted(value)]
    return str(rng.choice(names))


def _tensor(change):
    def made(rng, tensors, metadata):
        name = _some(rng, tensors)
        tensors[name] = np.ascontiguousarray(change(rng, tensors[name]))

    return made


def _floats(change):
    def made(rng, tensors, metadata):
        name = _some(rng, tensors, lambda value: value.dtype.kind == "f" and value.size)
        flat = tensors[name] = tensors[name].copy()
        flat.reshape(-1)[rng.integers(flat.size)] = change(rng)

    return made


def _dropped(rng, tensors, metadata):
    del tensors[_some(rng, tensors)]


def _paths(tree, path=()):
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _place(rng, metadata):
    # the history is long and says little: every other path is as likely as the whole of it
    paths = [path for path in _paths(metadata) if path[0] != "history" or len(path) < 3]
    path = paths[rng.integers(len(paths))]
    for key in path[:-1]:
        metadata = metadata[key]
    return metadata, path[-1]


def _replaced(rng, tensors, metadata):
    tree, key = _place(rng, metadata)
    tree[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])


def _removed(rng, tensors, metadata):
    tree, key = _place(rng, metadata)
    del tree[key]


def _added(rng, tensors, metadata):
    tree, key = _place(rng, metadata)
    inner = tree[key]
    if isinstance(inner, dict):
        inner["no such key"] = 1
    elif isinstance(inner, list):
        inner.append(copy.deepcopy(inner[0]) if inner else 1)
    else:
        tree[key] = [inner]


def _nested(rng, tensors, metadata):
    tree, key = _place(rng, metadata)
    for _ in range(int(rng.choice([2, 500]))):
        tree[key] = [tree[key]]


SIGNED = {
    "tensor missing": _dropped,
    "tensor of another dtype": _tensor(
        lambda rng, value: value.astype(rng.choice(["float64", "float16", "int32", "bool"]))
    ),
    "tensor of another shape": _tensor(
        lambda rng, value: [value[None], value.reshape(-1), value.T, value.reshape(-1)[:0]][rng.integers(4)]
    ),
    "NaN": _floats(lambda rng: np.nan),
    "infinity": _floats(lambda rng: rng.choice([np.inf, -np.inf])),
    "enormous number": _floats(lambda rng: rng.choice([3e38, -3e38, 1e30])),
    "metadata replaced": _replaced,
    "metadata removed": _removed,
    "metadata added": _added,
    "metadata nested": _nested,
}
"""Changes after which the checksum is computed anew, as who means harm would."""


def altered(kind, rng, content, name):
    """The bytes of a file of tensors, changed in one of the ways of `BYTES` and `SIGNED`; ``name`` is its kind."""
    if kind in BYTES:
        return BYTES[kind](rng, content)
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        tensors, metadata = tensor_files.read(path, name, 2)
        SIGNED[kind](rng, tensors, metadata)
        tensor_files.write(path, name, 2, tensors, metadata)
        return path.read_bytes()


def _sql(*statements):
    def made(rng, path):
        connection = sqlite3.connect(path)
        try:
            connection.execute(statements[rng.integers(len(statements))])
            connection.commit()
        except sqlite3.Error:
            pass
        connection.close()

    return made


def _store_bytes(rng, path):
    path.write_bytes(broken(rng, path.read_bytes()))


def _store_json(rng, path):
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sweep ORDER BY name")]
    odd = ODD[rng.integers(len(ODD))]
    value = rng.choice([json.dumps(odd), "{", "", "\x00", "[" * 5000])
    connection.execute("UPDATE sweep SET value = ? WHERE name = ?", (str(value), str(rng.choice(names))))
    connection.commit()
    connection.close()


TABLES = ("sweep", "runs", "measures", "columns", "curve", "stages")
STORE = {
    "bytes changed": _store_bytes,
    "nothing": lambda rng, path: path.write_bytes(b""),
    "noise": lambda rng, path: path.write_bytes(rng.bytes(4096)),
    "table missing": _sql(*(f"DROP TABLE {table}" for table in TABLES)),
    "rows missing": _sql(
        *(f"DELETE FROM {table}" for table in TABLES),
        "DELETE FROM sweep WHERE name = 'options'",
        "DELETE FROM sweep WHERE name = 'bundle'",
        "DELETE FROM sweep WHERE name = 'steps'",
    ),
    "column missing": _sql(
        "ALTER TABLE runs DROP COLUMN figure",
        "ALTER TABLE curve DROP COLUMN loss",
        "ALTER TABLE measures RENAME COLUMN value TO other",
    ),
    "texts as numbers": _sql(
        "UPDATE runs SET figure = 'a'",
        "UPDATE runs SET seed = 'a'",
        "UPDATE runs SET status = 7",
        "UPDATE curve SET step = 'a'",
        "UPDATE measures SET value = x'00'",
        "UPDATE runs SET balance = x'ff'",
    ),
    "numbers that are none": _sql(
        "UPDATE runs SET figure = 9e999", "UPDATE runs SET figure = NULL", "UPDATE runs SET steps = -1"
    ),
    "versions": _sql("PRAGMA user_version = 2147483647", "PRAGMA user_version = -1", "PRAGMA user_version = 0"),
    "settings": _store_json,
}
"""Changes of the results of a search."""


def altered_store(kind, rng, source, folder):
    """A copy of the folder ``source`` of a search whose results are changed."""
    shutil.copytree(source, folder)
    for beside in folder.glob("results.sqlite-*"):
        beside.unlink()
    STORE[kind](rng, folder / "results.sqlite")
