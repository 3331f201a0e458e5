"""Data on disk train as data in memory do."""

import numpy as np

from evenvae.models.batch import no_tasks
from evenvae.models.packed import PackedTable
from evenvae.training import Validation
from evenvae.training.setup import in_memory, on_disk


def test_a_part_holds_the_rows_of_its_batches(mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("EVENVAE_CACHE", str(tmp_path))
    space, values, observed = mixed
    table = space.batch(values, observed, no_tasks(len(values)))
    pieces = (table.take(slice(start, start + 70)) for start in range(0, len(values), 70))
    disk, memory = on_disk(space, len(values), pieces, 0), in_memory(space, table)
    rng = np.random.default_rng(0)
    batches = rng.integers(0, 400, (2, 5, 8)).astype(np.int32)
    held = Validation(rng.integers(0, 400, (2, 3, 10)), np.ones((2, 3, 10)), np.zeros((2, 3, 10, 6), bool))
    part, local, validation = disk.part(batches, held)
    take = lambda data, rows: np.asarray(data.table.rows)[rows]
    np.testing.assert_array_equal(take(part, local), take(memory, batches))
    np.testing.assert_array_equal(take(part, validation.rows), take(memory, held.rows))
    # the same row is the same number wherever it stands in the batches
    assert len(np.unique(local)) == len(np.unique(batches))
    assert disk.part(batches // 7, held)[0].table.rows.shape == part.table.rows.shape
    assert isinstance(part.table, PackedTable)
    np.testing.assert_array_equal(part.bounds, memory.bounds)
