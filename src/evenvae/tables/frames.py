"""Any table as a pandas frame: pandas, polars, pyarrow, narwhals, NumPy, lists and dicts."""

import base64
import decimal
from collections.abc import Callable, Mapping, Sized
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
from scipy.sparse import issparse

from evenvae.errors import InputError
from evenvae.tables.columns.cell_checks import is_unicode
from evenvae.tables.columns.image import NAME
from evenvae.tables.interchange import collected

ORIGIN = "evenvae.origin"
LIBRARIES = ("pandas", "polars", "pyarrow", "numpy", "dict")


class Origin(NamedTuple):
    """What a table was before it became a pandas view.

    Attributes:
        library: the one of `LIBRARIES` that it belonged to.
        types: the column types of a polars or pyarrow table as text, for `arrow_types`.
        labels: its column names, which need not be texts.
    """

    library: str
    types: str
    labels: tuple[Any, ...]

    def __deepcopy__(self, memo: Any) -> "Origin":
        # pandas copies the attributes of a frame deeply whenever it makes a new one from it
        return self


def library_of(X: Any) -> str:
    """The one of `LIBRARIES` that a table belongs to; lists and everything like an array count as NumPy."""
    if isinstance(X, Mapping):
        return "dict"
    if isinstance(X, pd.DataFrame):
        return "pandas"
    if isinstance(X, pa.Table | pa.RecordBatch):
        return "pyarrow"
    if isinstance(X, nw.DataFrame | nw.LazyFrame):
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
        X: pandas, polars, pyarrow, narwhals, what `interchange.collected` makes one of them, a 2-D array (its masked
            cells are missing), a list of rows or of dicts, images as an array (N, H, W) or (N, H, W, C), or a dict of
            arrays by column, which may hold images.
        names: column names for an array, which has none.

    Raises:
        InputError: duplicate column names, no rows, no columns, a sparse matrix, an array that is not 2-D, or a column
            type that cannot be read.
    """
    X = collected(X)
    if issparse(X):
        raise InputError(
            "A sparse matrix is not supported; pass X.toarray(), where zeros are values, not missing cells."
        )
    library = library_of(X)
    if library == "pandas":
        frame = X
    elif library == "polars":
        if not hasattr(X, "columns"):
            raise InputError("A polars Series is one column; pass a DataFrame, as in series.to_frame().")
        frame = pd.DataFrame({name: _converted(name, X[name].dtype, X[name].to_arrow) for name in X.columns})
    elif library == "pyarrow":
        _check_names(X.schema.names)
        column_of = lambda name: lambda: X.column(name)
        frame = pd.DataFrame({name: _converted(name, X.schema.field(name).type, column_of(name))
                              for name in X.schema.names})  # fmt: skip
    elif library == "dict":
        frame = _from_dict(X)
    else:
        frame = _from_array(X, names)
    labels = frame.columns
    _check_names([str(name) for name in labels])
    if frame.shape[1] == 0:
        raise InputError(
            f"The table has no columns: 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required."
        )
    if len(frame) == 0:
        raise InputError(f"Found array with 0 sample(s) (shape={frame.shape}) while a minimum of 1 is required.")
    frame = frame.copy(deep=False)
    frame.columns = [str(name) for name in labels]
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.ArrowDtype | pd.SparseDtype) or (dtype.kind == "f" and dtype.itemsize > 8):
            frame.isetitem(place, _plain(frame.iloc[:, place]))
        elif dtype.kind in "SV":
            # bytes and records of NumPy become objects of Python, which are refused by the name of their column
            frame.isetitem(place, frame.iloc[:, place].astype(object))
    types = _arrow_schema(X) if library in ("polars", "pyarrow") else ""
    frame.attrs.setdefault(ORIGIN, Origin(library, types, tuple(labels)))
    return frame


def origin_of(frame: pd.DataFrame) -> Origin:
    """What the table was of which `as_frame` made a view."""
    return frame.attrs.get(ORIGIN, Origin("pandas", "", tuple(frame.columns)))


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


def _plain(series: pd.Series) -> pd.Series:
    """A column of an arrow type, a sparse one or one of longer floats in a type of pandas itself."""
    if isinstance(series.dtype, pd.SparseDtype):
        return series.sparse.to_dense()
    if not isinstance(series.dtype, pd.ArrowDtype):
        # what float64 does not hold becomes infinite, and is reported as such
        with np.errstate(over="ignore"):
            return series.astype(float)
    found = _converted(str(series.name), series.dtype, lambda: pa.chunked_array(pa.array(series)))
    return found.set_axis(series.index)


def _converted(name: str, kind: Any, column: Callable[[], Any]) -> pd.Series:
    """A column of an arrow or polars table.

    Raises:
        InputError: there is no type of pandas for it.
    """
    try:
        return _from_arrow(column())
    # whatever the libraries raise, the user needs the column and what to do
    except Exception as error:
        raise InputError(f"Column {name!r} has the type {kind}, which cannot be read ({error}); cast it to numbers or "
                         "texts, or leave it out.") from error  # fmt: skip


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
        odd = next((row for row, cells in enumerate(X) if not isinstance(cells, Mapping)), None)
        if odd is not None:
            raise InputError(
                f"Row {odd} of the table is no dict as row 0 is, but {X[odd]!r:.40}; give a dict for every row."
            )
        names_of_rows = dict.fromkeys(name for row in X for name in row)
        return _from_dict({name: [row.get(name) for row in X] for name in names_of_rows})
    if hasattr(X, "toarray"):
        raise InputError("Sparse data are not supported: pass a dense array, as in X.toarray().")
    try:
        array = _unmasked(X) if np.ma.isMaskedArray(X) else np.asarray(X)
    except ValueError as error:
        raise InputError(_uneven(X)) from error
    if array.dtype.names:
        raise InputError("Structured arrays are not supported: pass a frame, as in pandas.DataFrame(array).")
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


def _uneven(X: Any) -> str:
    """What is wrong with rows that make no array."""
    lengths = [len(row) if isinstance(row, Sized) else None for row in X]
    odd = next((row for row, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return "The rows of the table hold cells that are lists of several lengths; give one value in every cell."
    cells = lambda row: "no list of cells" if lengths[row] is None else f"{lengths[row]} cells"
    return f"Row {odd} of the table has {cells(odd)} and row 0 has {cells(0)}; give as many cells in every row."


def _unmasked(array: Any) -> np.ndarray:
    """A masked array with missing cells where it is masked."""
    mask, data = np.ma.getmaskarray(array), np.ma.getdata(array)
    if not mask.any():
        return data
    out = data.astype(data.dtype if data.dtype.kind in "fcmM" else float if data.dtype.kind in "iu" else object)
    out[mask] = np.array("NaT", out.dtype) if out.dtype.kind in "mM" else np.nan if out.dtype != object else None
    return out


def _from_dict(X: Mapping[str, Any]) -> pd.DataFrame:
    _check_names([str(name) for name in X])
    for name, cells in X.items():
        if isinstance(cells, str | bytes) or not hasattr(cells, "__len__") or getattr(cells, "ndim", 1) == 0:
            raise InputError(f"Column {name!r} of the dict is the single value {cells!r}; give a list of cells, as in "
                             f"{{{name!r}: [{cells!r}]}}.")  # fmt: skip
    columns = {name: _cells(cells) for name, cells in X.items()}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise InputError(f"The columns have different numbers of rows: {listed}; give each the same number.")
    return pd.DataFrame(columns)


def _cells(column: Any) -> pd.Series:
    """A column of a dict; if it has more than one dimension, every cell holds an array."""
    if isinstance(column, pd.Series):
        return column.reset_index(drop=True)
    classes = set(map(type, column)) if isinstance(column, list | tuple) else set()
    images = any(issubclass(found, np.ndarray) for found in classes)
    if classes and not images:
        # cells that are lists stay cells, and are refused by name
        nested = any(issubclass(found, list | tuple | dict | set) for found in classes)
        # whole numbers beside None stay whole
        whole = classes == {int, type(None)} and all(cell is None or abs(cell) < 2**63 for cell in column)
        dtype = object if nested else "Int64" if whole else None
        return pd.Series(list(column), dtype=dtype) if dtype else _object_column(_series(list(column)))
    array = _unmasked(column) if np.ma.isMaskedArray(column) else np.asarray(column, dtype=object if images else None)
    if array.ndim < 2:
        return _object_column(pd.Series(array))
    cells = np.empty(len(array), dtype=object)
    cells[:] = list(array)
    return pd.Series(cells)


def _series(cells: list[Any]) -> pd.Series:
    try:
        return pd.Series(cells)
    except (UnicodeEncodeError, OverflowError):
        # half a character fits no type of texts, and pandas before 2.3 makes a float of every whole number beside a
        # text; as objects the cells can be refused by name
        return pd.Series(cells, dtype=object)


def _object_column(column: Any) -> Any:
    """An object column, as numbers if every observed cell is a number."""
    # a Decimal is no number of NumPy, and a signalling one could not even be asked whether it is NaN
    decimals = column.dtype == object and any(issubclass(found, decimal.Decimal) for found in set(map(type, column)))
    observed = column.dropna() if column.dtype == object and not decimals else ()
    if len(observed) and all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in observed):
        return pd.to_numeric(column, errors="coerce")
    return column


def _check_names(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not is_unicode(name):
            raise InputError(f"Column name {name!a} holds half of a character, which no file can hold; rename it.")
        if name in seen:
            raise InputError(f"Column name {name!r} occurs twice in the table; rename one of them.")
        seen.add(name)
