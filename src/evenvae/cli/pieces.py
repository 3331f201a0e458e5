"""Answers about a table that is larger than memory: piece by piece, written as they come."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evenvae.cli import common, progress

SPREAD = 2**63
"""Seeds are below it."""


def write_answers(
    data: str,
    stream: bool | None,
    answer: Callable[[Any], Any],
    out: str,
    what: str = "answering",
    quiet: bool = False,
) -> int:
    """Write what ``answer`` makes of a table; of its pieces where it is to be read piece by piece.

    Args:
        data: the DATA of the command.
        stream: as `common.opened` takes it.
        answer: from a table to a table of as many rows.
        out: the file to write.
        what: is done, for the bar.
        quiet: show no bar.

    Returns:
        The number of rows.
    """
    from evenvae import tables

    with progress.watching(what, quiet):
        table, _ = common.opened(data, stream)
        found = None if isinstance(table, tables.TableFiles) else answer(table)
    if found is not None:
        # a bar would wipe out what is written to the same terminal
        with progress.watching("writing", quiet or out == "-"):
            tables.write_table(found, out)
        return len(found)
    rows = 0

    def counting(piece: Any, _: int) -> Any:
        nonlocal rows
        rows += piece.num_rows
        return answer(piece)

    tables.write_tables(answers(table, table.pieces(), counting), out)
    return rows


def write_imputed(table: Any, fill: Callable[[Any, int], Sequence[Any]], schema: Any, names: Sequence[str]) -> None:
    """Write the completed tables of a table that is read piece by piece; observed cells of delimited text stay.

    Args:
        table: the files.
        fill: from a piece and its number to its completed tables.
        schema: of the model.
        names: the files to write, one for each completed table.
    """
    from evenvae import tables
    from evenvae.tables.files import filled_text, kind_of

    def patched(block: Any, piece: Any, number: int) -> list[bytes]:
        texts = [filled_text(table.paths[0], block.content, piece, one, schema) for one in fill(piece, number)]
        ended = [text if text.endswith(b"\n") else text + b"\n" for text in texts]
        return [text if number == 0 else text[block.header :] for text in ended]

    as_it_is = all(kind_of(name).removesuffix(".gz") == table.kind for name in names)
    if as_it_is and table.kind in (".csv", ".tsv") and len(table.headers) == 1:
        pieces = answers(table, table.texts(), lambda pair, number: patched(pair[0], pair[1], number))
    else:
        pieces = answers(table, table.pieces(), fill)
    tables.written_together(pieces, names)


def answers(table: Any, pieces: Iterator[Any], answer: Callable[..., Any]) -> Iterator[Any]:
    """The answer for every piece and its number; a bar shows the rows that are done, and warnings are given once."""
    from evenvae.tables.files.formats import is_text
    from evenvae.tables.warned_once import WarnedOnce

    said = WarnedOnce()
    with progress.bar("rows") as shown:
        total = None if is_text(table.kind) else table.known_rows()
        shown(0, total)
        done = 0
        for number, piece in enumerate(pieces):
            yield said.call(answer, piece, number)
            done += (piece[1] if isinstance(piece, tuple) else piece).num_rows
            shown(done, total)


def counted(drawn: Iterator[Any], rows: int) -> Iterator[Any]:
    """Drawn tables as they come; a bar shows how many of the ``rows`` there are."""
    done = 0
    with progress.bar("drawing") as shown:
        shown(0, rows)
        for table in drawn:
            yield table
            done += len(table)
            shown(done, rows)


def seed_of(seed: int, number: int) -> int:
    """The seed of a piece: that of the command for the first one, others for those that follow."""
    import numpy as np

    if not number:
        return seed
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] % SPREAD)
