"""What may become of an input: an answer with finite numbers, or one sentence that names the place; in bounded time."""

import contextlib
import resource
import signal
import warnings
from pathlib import Path

import numpy as np
from pandas.api.types import is_float_dtype

from cli_support import evenvae
from evenvae import EvenVAE, InputError, tables
from stand_in import answers, without_networks

SECONDS, BYTES = 60, 4 * 2**30
"""What an input may take: time of the processor, and address space beside what the process has when it begins."""


class Failed(AssertionError):
    """An input was neither answered nor refused in one sentence."""


@contextlib.contextmanager
def bounded(seconds=SECONDS, more=BYTES):
    """Within it, an input that takes too long raises `Failed`, one that takes too much memory a `MemoryError`."""

    def late(*_):
        raise Failed(f"still at work after {seconds} seconds of the processor")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    before = [(kind, signal.signal(kind, late)) for kind in (signal.SIGPROF, signal.SIGALRM)]
    # other processes may have the processor; what waits for nothing ends nevertheless
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(20 * seconds)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, limits[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for kind, handler in before:
            signal.signal(kind, handler)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def check_sentence(said, places):
    """A refusal is one line, which says which of the ``places`` is wrong."""
    if "\n" in said.strip() or not said.strip():
        raise Failed(f"not one line: {said!r}")
    if not any(place.lower() in said.lower() for place in places):
        raise Failed(f"names no place: {said!r}")


def infinite(table):
    """How many infinite numbers each column of a table holds."""
    frame = tables.as_frame(table)
    numbers = lambda cells: cells.to_numpy(float, na_value=np.nan)
    return {name: int(np.isinf(numbers(frame[name])).sum()) for name in frame if is_float_dtype(frame[name].dtype)}


def check_numbers(table, what, before=None):
    """No number of a table is infinite, unless it was so ``before``: observed cells are never changed."""
    known = {} if before is None else infinite(before)
    for name, count in infinite(table).items():
        if count > known.get(name, 0):
            raise Failed(f"{what}: infinite numbers in column {name!r}")


PLACES = ("column", "row", "table", "array", "cell", "X ")


def judge_table(table):
    """Give a table to `EvenVAE`, without its networks: schema, encoding, filling, drawing. "refused" or "answered"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tables.TableWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            with without_networks(), bounded():
                model = EvenVAE().fit(table)
                schema = model.schema_
                encoded = tables.encode(table, schema)
                if not np.isfinite(
                    encoded.values[np.repeat(encoded.observed, [c.size for c in schema.features], 1)]
                ).all():
                    raise Failed("encoded cells are not finite")
                for column in schema.columns:
                    for bound in (column.low, column.high):
                        if bound is not None and column.role == "feature" and not np.isfinite(float(bound)):
                            raise Failed(f"column {column.name!r} has the bound {bound}")
                check_numbers(model.impute(table), "filled", table)
                drawn = model.sample(8, random_state=0)
                check_numbers(drawn, "drawn rows")
        except InputError as error:
            check_sentence(str(error), PLACES)
            return "refused"
    return "answered"


def judge_command(arguments, places, environment=None):
    """Run ``evenvae`` in this process; "refused" or "answered"."""
    with bounded():
        code, _, said = evenvae(*arguments, environment=environment)
    lines = [line for line in said.splitlines() if not line.startswith("evenvae: note:")]
    if code == 2:
        check_sentence("\n".join(lines), places)
        return "refused"
    if code != 0:
        raise Failed(f"exit code {code}: {said[-400:]}")
    noise = [line for line in said.splitlines() if "RuntimeWarning" in line or "encountered in" in line]
    if noise:
        raise Failed(f"a warning of another library: {noise[0]}")
    return "answered"


def judge_answer(arguments, out, places):
    """`judge_command` of a command that writes rows without holes to ``out``."""
    verdict = judge_command([*arguments, "-o", out], places)
    if verdict == "answered":
        found = tables.read_table(out)
        check_numbers(found, out.name)
        if empty := [name for name in found.column_names if found[name].null_count]:
            raise Failed(f"{out.name}: column {empty[0]!r} has holes")
    return verdict


def judge_file(path, folder):
    """``evenvae schema`` of a file, then its missing cells filled by a stand-in, written and read again."""
    schema_file, filled = folder / "schema.toml", folder / f"filled{''.join(path.suffixes)}"
    verdict = judge_command(["schema", path, "-o", schema_file], [path.name, "column"])
    if verdict == "refused":
        return verdict
    with warnings.catch_warnings(), bounded():
        warnings.simplefilter("ignore", tables.TableWarning)
        warnings.simplefilter("error", RuntimeWarning)
        table = tables.read_table(path)
        schema = tables.Schema.of(schema_file, table)
        if not schema.features:
            return "answered"
        encoded = tables.encode(table, schema)
        values = answers(encoded, schema, table.num_rows)
        tables.files.write_filled(path, table, tables.fill(table, values, schema), schema, filled)
        again = tables.read_table(filled)
        check_numbers(again, "filled", table)
        for name in schema.names:
            before, after = table[name].null_count, again[name].null_count
            if after > before:
                raise Failed(f"column {name!r} has more holes after filling")
    return verdict


def judge_schema(path, data):
    """A schema file completed by a table, whose cells are then encoded and decoded."""
    with warnings.catch_warnings(), bounded():
        warnings.simplefilter("ignore", tables.TableWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            table = tables.read_table(data)
            schema = tables.Schema.of(path, table)
            if schema.features:
                encoded = tables.encode(table, schema)
                seen = [column for place, column in enumerate(schema.features) if encoded.observed[:, place].any()]
                if len(seen) == len(schema.features):
                    values = answers(encoded, schema, table.num_rows)
                    check_numbers(tables.fill(table, values, schema), "filled", table)
                    check_numbers(tables.decode(values, schema), "decoded")
        except InputError as error:
            check_sentence(str(error), [path.name, "column", "schema"])
            return "refused"
    return "answered"
