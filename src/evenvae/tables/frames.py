"""Any table as a pandas frame: pandas, polars, pyarrow, narwhals, NumPy, lists and dicts."""

import base64
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
from scipy.sparse import issparse

from evenvae.errors import InputError
from evenvae.tables.columns.image import NAME

ORIGIN = "evenvae.origin"
LIBRARIES = ("pandas", "polars", "pyarrow", "numpy", "dict")


def library_of(X: Any) -> str:
    """The one of `LIBRARIES` that a table belongs to; lists and everything like an array count as NumPy."""
    if isinstance(X, Mapping):
        return "dict"
    if isinstance(X, pd.DataFrame):
        return "pandas"
    if isinstance(X, pa.Table | pa.RecordBatch):
        return "pyarrow"
    if isinstance(X, nw.DataFrame):
        return library_of(X.to_native())
    if type(X).__module__.split(".")[0] == "polars":
        return "polars"
    return "numpy"


def is_records(X: Any) -> bool:
    """Whether a table is a list of dicts."""
    return isinstance(X, list) and bool(X) and isinstance(X[0], dict)


def as_frame(X: Any, names: tuple[str, ...] | None = None) -> pd.DataFrame:
    """A pandas view of any table, for reading only; column names are strings.

    Args:
        X: pandas, polars (eager or lazy), pyarrow, narwhals, a 2-D array, a list of rows or of dicts, images as an
            array (N, H, W) or (N, H, W, C), or a dict of arrays by column, which may hold images.
        names: column names for an array, which has none.

    Raises:
        InputError: duplicate column names, no rows, no columns, a sparse matrix, or an array that is not 2-D.
    """
    X = X.to_native() if isinstance(X, nw.DataFrame) else X
    if issparse(X):
        raise InputError(
            "A sparse matrix is not supported; pass X.toarray(), where zeros are values, not missing cells."
        )
    library = library_of(X)
    if library == "pandas":
        frame = X
    elif library == "polars":
        X = X.collect() if hasattr(X, "collect") else X
        if not hasattr(X, "columns"):
            raise InputError("A polars Series is one column; pass a DataFrame, as in series.to_frame().")
        frame = pd.DataFrame({name: _from_arrow(X[name].to_arrow()) for name in X.columns})
    elif library == "pyarrow":
        _refuse_duplicates(X.schema.names)
        frame = pd.DataFrame({name: _from_arrow(X.column(name)) for name in X.schema.names})
    elif library == "dict":
        frame = _from_dict(X)
    else:
        frame = _from_array(X, names)
    _refuse_duplicates([str(name) for name in frame.columns])
    if frame.shape[1] == 0:
        raise InputError(
            f"The table has no columns: 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required."
        )
    if len(frame) == 0:
        raise InputError(f"Found array with 0 sample(s) (shape={frame.shape}) while a minimum of 1 is required.")
    frame = frame.copy(deep=False)
    frame.columns = [str(name) for name in frame.columns]
    for name in [name for name in frame.columns if isinstance(frame[name].dtype, pd.ArrowDtype)]:
        frame[name] = _from_arrow(pa.chunked_array(pa.array(frame[name]))).set_axis(frame.index)
    frame.attrs.setdefault(ORIGIN, (library, _arrow_schema(X) if library in ("polars", "pyarrow") else ""))
    return frame


def origin_of(frame: pd.DataFrame) -> tuple[str, str]:
    """The library that a view made by `as_frame` came from, and its column types as text for `arrow_types`."""
    return frame.attrs.get(ORIGIN, ("pandas", ""))


def arrow_types(text: str) -> dict[str, Any]:
    """The pyarrow fields by column name, from the text that `origin_of` gives."""
    if not text:
        return {}
    schema = pa.ipc.read_schema(pa.BufferReader(base64.b64decode(text)))
    return {field.name: field for field in schema}


def _arrow_schema(X: Any) -> str:
    # the first row is enough for the types, and copies almost nothing
    schema = X.schema if isinstance(X, pa.Table | pa.RecordBatch) else X.head(1).to_arrow().schema
    return base64.b64encode(schema.remove_metadata().serialize().to_pybytes()).decode()


def _from_arrow(column: Any) -> pd.Series:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64()).to_pandas()
    if pa.types.is_dictionary(column.type):
        # polars uses unsigned codes, which not every version of pyarrow can give to pandas
        return column.cast(pa.dictionary(pa.int64(), column.type.value_type, column.type.ordered)).to_pandas()
    if pa.types.is_integer(column.type) and column.null_count:
        return column.to_pandas(types_mapper={column.type: _nullable(column.type)}.get)
    if pa.types.is_boolean(column.type) and column.null_count:
        return column.to_pandas(types_mapper={column.type: pd.BooleanDtype()}.get)
    return column.to_pandas()


def _nullable(integer: Any) -> Any:
    return pd.array([], dtype=str(integer).replace("int", "Int").replace("uI", "UI")).dtype


def _from_array(X: Any, names: tuple[str, ...] | None) -> pd.DataFrame:
    if is_records(X):
        return pd.DataFrame(X)
    if hasattr(X, "toarray"):
        raise InputError("Sparse data are not supported: pass a dense array, as in X.toarray().")
    array = np.asarray(X)
    if array.ndim in (3, 4):
        return pd.DataFrame({(names or (NAME,))[0]: _cells(array)})
    if array.ndim != 2:
        raise InputError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data: array.reshape(-1, 1) if "
            "it is one column, array.reshape(1, -1) if it is one row."
        )
    if array.dtype.kind == "c":
        raise InputError("Complex data not supported: split it into real columns.")
    if names is not None and len(names) != array.shape[1]:
        raise InputError(f"X has {array.shape[1]} features, but EvenVAE is expecting {len(names)} features as input.")
    columns = names or tuple(f"x{i}" for i in range(array.shape[1]))
    frame = pd.DataFrame(array, columns=list(columns))
    if array.dtype.kind in "OUS":
        for name in frame.columns:
            frame[name] = _object_column(frame[name])
    return frame


def _from_dict(X: Mapping[str, Any]) -> pd.DataFrame:
    columns = {str(name): _cells(cells) for name, cells in X.items()}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise InputError(f"The columns have different numbers of rows: {listed}; give each the same number.")
    return pd.DataFrame(columns)


def _cells(column: Any) -> pd.Series:
    """A column of a dict; if it has more than one dimension, every cell holds an array."""
    array = column if isinstance(column, np.ndarray | pd.Series) else np.asarray(column, dtype=_dtype_of(column))
    if array.ndim < 2:
        return pd.Series(array).reset_index(drop=True)
    cells = np.empty(len(array), dtype=object)
    cells[:] = list(array)
    return pd.Series(cells)


def _dtype_of(column: Any) -> type | None:
    # a list of images and missing cells has no array type of its own
    return object if isinstance(column, list) and any(isinstance(cell, np.ndarray) for cell in column) else None


def _object_column(column: Any) -> Any:
    """An object column, as numbers if every observed cell is a number."""
    observed = column.dropna()
    if len(observed) and all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in observed):
        return pd.to_numeric(column, errors="coerce")
    return column


def _refuse_duplicates(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"Column name {name!r} occurs twice in the table; rename one of them.")
        seen.add(name)
