"""The arguments MODEL and DATA: in either order, and with a clear word where one stands for the other."""

from pathlib import Path
from typing import Any

import typer

from evenvae.errors import InputError
from evenvae.io.missing_file import no_file

KIND = "model"


def is_model(path: str | Path) -> bool:
    """Whether a file is a model that `fit` wrote."""
    from evenvae.io.tensors import is_kind

    return is_kind(path, KIND)


def in_order(*given: str | Path) -> tuple[str, ...]:
    """The arguments with the models first and the table last, as they are meant, whatever the order they were typed in.

    They are moved only where that is safe: the last one is a model, and exactly one of the others is none. A note says
    so.
    """
    texts = [str(one) for one in given]
    tables = [text for text in texts if not is_model(text)]
    if len(tables) == 1 and texts[-1] != tables[0]:
        models = [text for text in texts if text != tables[0]]
        typer.echo(f"evenvae: note: {tables[0]} was taken as DATA, which comes last, because it is no model", err=True)
        return (*models, tables[0])
    return tuple(texts)


def load(path: str | Path) -> Any:
    """The model of the argument MODEL.

    Raises:
        InputError: it is no model; the message says what a table is for.
    """
    import evenvae
    from evenvae.tables.files.formats import KINDS

    if Path(path).is_file() and str(path).lower().endswith(KINDS) and not is_model(path):
        raise InputError(f"{path} is a table, and MODEL must be a file that fit wrote: evenvae fit {path}")
    return evenvae.load(path)


def check_table(data: str) -> None:
    """Refuse a DATA that is clearly something else.

    Raises:
        InputError: it is a model, or the name of a data set without ``dataset:``.
    """
    if data == "-" or data.startswith("dataset:"):
        return
    if is_model(data):
        raise InputError(f"{data} is a model, and DATA must be a table; to see what the model is: evenvae info {data}")
    if not Path(data).exists():
        from evenvae.datasets.catalogue import names

        if data in names():
            raise InputError(f"{no_file(data).rstrip('.?')}; the data set of that name is dataset:{data}.")
