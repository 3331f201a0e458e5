"""Devices: runs are divided among them, or the rows of every batch, over one process or several.

A program is written for whole batches. Where the rows of a batch lie on several devices, XLA adds what the devices
have to say to each other: sums over rows (losses, gradients, the Gramian of the columns' gradients, moments of a batch)
become sums over devices, so that every device makes the same decisions from the same numbers. Random numbers are a
function of key and place (`evenvae.threefry`), wherever they are computed.
"""

import contextlib
import hashlib
import signal
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from evenvae.errors import InputError

RUNS, ROWS = "runs", "rows"
"""Axes of a mesh; the second is there only where the rows of a batch are divided."""


def mesh_of(runs: int, devices: int | None = None) -> Mesh:
    """The mesh of devices for so many runs side by side.

    Args:
        runs: that are trained.
        devices: among which the rows of every batch are divided. None is 1, but all devices of all processes where
            there are several (``jax.distributed.initialize``). Devices that are left then divide the runs, where that
            can be done evenly.

    Raises:
        InputError: there are not so many devices, or those of some process would have nothing to do.
    """
    present, processes = jax.devices(), jax.process_count()
    rows = devices or (len(present) if processes > 1 else 1)
    if rows > len(present):
        cpu = " XLA_FLAGS=--xla_force_host_platform_device_count=N makes N of a CPU." if _on_cpu(present) else ""
        raise InputError(
            f"training.devices={rows}, but JAX has {len(present)} here ({present[0].platform}): give at most that "
            f"many.{cpu}"
        )
    if processes > 1 and rows < len(present):
        raise InputError(
            f"training.devices={rows}, but the {processes} processes have {len(present)} devices together, and each "
            "must take part: leave it out, and all of them share every batch."
        )
    groups = len(present) // rows
    count = max(n for n in range(1, groups + 1) if runs % n == 0)
    chosen = np.array(present[: count * rows])
    # without the axis of rows, programs stay what they are on one device, bit for bit
    return Mesh(chosen, (RUNS,)) if rows == 1 else Mesh(chosen.reshape(count, rows), (RUNS, ROWS))


def _on_cpu(devices: list[Any]) -> bool:
    return devices[0].platform == "cpu"


def spread(tree: Any, mesh: Mesh) -> Any:
    """Distribute arrays that are stacked over runs among the devices of the mesh."""
    return _put(tree, NamedSharding(mesh, PartitionSpec(RUNS)))


def everywhere(tree: Any, mesh: Mesh) -> Any:
    """A copy of every array on every device of the mesh."""
    return _put(tree, NamedSharding(mesh, PartitionSpec()))


def _put(tree: Any, sharding: NamedSharding) -> Any:
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)

    def of_all_processes(leaf: Any) -> jax.Array:
        # every process has the whole array, and keeps the part of its own devices
        whole = np.asarray(leaf)
        return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])

    return jax.tree.map(of_all_processes, tree)


def divide_rows(tree: Any, mesh: Mesh) -> Any:
    """In a compiled program: the numbers of rows in these arrays (runs, pieces, rows, ...), divided among devices.

    What is gathered by them, and everything that is computed of that, follows. The rows need not divide evenly: XLA
    pads the part of the last devices.
    """
    if ROWS not in mesh.axis_names:
        return tree
    return jax.lax.with_sharding_constraint(tree, PartitionSpec(None, None, ROWS))


def on_all(tree: Any, mesh: Mesh) -> Any:
    """In a compiled program: results of which every device that shares rows has a copy, as the host reads them."""
    if ROWS not in mesh.axis_names:
        return tree
    return jax.lax.with_sharding_constraint(tree, PartitionSpec())


def leads() -> bool:
    """Whether this process writes files; of several only the first one does."""
    return jax.process_index() == 0


def check_agreement(tree: Any, fingerprint: str) -> None:
    """Refuse processes that would train something else than each other.

    Args:
        tree: the runs as they begin, with seeds and counts of steps.
        fingerprint: of table, options and schema.

    Raises:
        InputError: they differ between processes.
    """
    if jax.process_count() == 1:
        return
    digest = hashlib.sha256(fingerprint.encode())
    for leaf in jax.tree.leaves(tree):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    own = np.frombuffer(digest.digest(), np.uint8)
    if (np.asarray(multihost_utils.process_allgather(own)) != own).any():
        raise InputError(
            "The processes of this fit begin with different tables, options, seeds or checkpoints: give every process "
            "the same, with random_state set and the checkpoint in a folder that all of them see."
        )


class Interruption:
    """Ctrl-C of several processes: it ends the training of all at the same step, whichever of them it reaches.

    One process that stopped alone would leave the others waiting. In a single process Ctrl-C acts at once, as ever.
    """

    def __init__(self) -> None:
        self.asked, self._before = False, None
        if jax.process_count() > 1:
            # a thread other than the main one cannot take signals
            with contextlib.suppress(ValueError):
                self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, *_: Any) -> None:
        self.asked = True

    def check(self) -> None:
        """Raise KeyboardInterrupt where any process was asked to end; all must call this between the same steps."""
        if jax.process_count() > 1 and np.any(multihost_utils.process_allgather(np.asarray(self.asked))):
            raise KeyboardInterrupt

    def close(self) -> None:
        """Give Ctrl-C back its usual meaning."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
