"""Tables of other libraries: lazy ones are computed, and others come by Arrow or the dataframe interchange protocol."""

import warnings
from typing import Any

import narwhals as nw
import pyarrow as pa

from evenvae.errors import InputError, TableWarning

OWN = {"numpy", "pandas", "pyarrow", "polars", "builtins", "pathlib", "scipy", "jax", "jaxlib", "torch", "evenvae"}
"""Libraries whose objects are no tables of another kind; everything else is looked at."""


def collected(X: Any) -> Any:
    """A table that can be read more than once: pandas, eager polars, pyarrow, or what is none of a library of tables.

    Lazy frames of polars stay tables of polars. Relations of DuckDB, tables of Ibis and frames of Dask, PySpark, Modin,
    cuDF and all others that narwhals knows, readers of record batches, and objects with ``__arrow_c_stream__`` or
    ``__dataframe__`` become tables of pyarrow. What has to be computed first is reported as a `TableWarning`.

    Raises:
        InputError: the other library fails to give its rows.
    """
    if isinstance(X, nw.DataFrame | nw.LazyFrame):
        return collected(X.to_native())
    library = type(X).__module__.split(".")[0].lstrip("_")
    if library == "polars":
        if not hasattr(X, "collect"):
            return X
        _note(X)
        return X.collect()
    if isinstance(X, pa.RecordBatchReader):
        return _read(X, X.read_all)
    if library in OWN:
        return X
    known = nw.from_native(X, pass_through=True)
    if isinstance(known, nw.LazyFrame):
        _note(X)
        return _read(X, lambda: known.collect(backend="pyarrow").to_native())
    if isinstance(known, nw.DataFrame):
        return _read(X, known.to_arrow)
    if hasattr(X, "__arrow_c_stream__"):
        return _read(X, lambda: pa.table(X))
    if hasattr(X, "__dataframe__"):
        from pyarrow.interchange import from_dataframe

        return _read(X, lambda: from_dataframe(X))
    return X


def _note(X: Any) -> None:
    kind = f"{type(X).__module__.split('.')[0].lstrip('_')} {type(X).__name__}"
    warnings.warn(
        f"The table is lazy ({kind}) and was computed as a whole; compute it once yourself where you ask several "
        "questions.",
        TableWarning,
        stacklevel=4,
    )


def _read(X: Any, read: Any) -> Any:
    try:
        return read()
    # whatever another library raises, the user needs to know which table and what to do
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"A table of type {type(X).__module__}.{type(X).__name__} could not be read by Arrow ({reason}); convert "
            "it to pandas, polars or pyarrow first."
        ) from error
