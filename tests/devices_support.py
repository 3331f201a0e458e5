"""Fits on one device or on several, in processes of their own: a device belongs to a process from its beginning.

    python devices_support.py OUT DEVICES BATCH FIT...
    python devices_support.py OUT DEVICES BATCH FIT... --process 0 --address localhost:1234

Writes OUT.npz with the parameters and figures of every fit, and beside it the models and their states of training.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

FITS = {
    "plain": {"balance": "none", "epochs": 12},
    "power-norm": {"balance": "power-norm[gamma=0.5]"},
    "gradnorm+pcgrad": {"balance": "gradnorm+pcgrad"},
    "imtl-g": {"balance": "imtl-g"},
    "graddrop": {"balance": "graddrop"},
    "sight": {"balance": "none", "purpose": "impute"},
    "iwae": {"balance": "pcgrad", "objective": "dreg"},
    "hivae": {"balance": "gradnorm", "model": "hivae"},
    "optimal": {"balance": "none", "prior": "optimal"},
    "members": {"balance": "imtl-g", "ensemble": 2},
}
"""Options of `support.fast` by the name of a fit."""


def results(out: Path) -> dict[str, np.ndarray]:
    """What a process wrote."""
    with np.load(out.with_suffix(".npz")) as found:
        return dict(found)


def work(
    out: Path,
    fits: list[str],
    devices: int | None,
    batch: int,
    processes: int = 1,
    present: int = 1,
    interrupt: bool = False,
) -> None:
    """Run fits in so many processes, each with ``present`` devices.

    Of several processes the one with number 1 writes to a folder ``other`` beside that of ``out``; ``interrupt`` lets
    Ctrl-C reach it before its second chunk of steps.
    """
    environment = dict(os.environ)
    if present > 1:
        environment["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={present}"
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    started = []
    for number in range(processes):
        place = out if number == 0 else out.parent / "other" / out.name
        place.parent.mkdir(exist_ok=True)
        arguments = [str(place), str(devices or 0), str(batch), *fits]
        more = ["--process", str(number), "--address", address] if processes > 1 else []
        more += ["--interrupt"] if interrupt and number == 1 else []
        command = [sys.executable, __file__, *arguments, *more]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    said = [process.communicate(timeout=600)[1] for process in started]
    assert not any(process.returncode for process in started), "\n".join(said)[-3000:]


def ctrl_c_in_the_second_chunk() -> None:
    """From now on every training of this process gets Ctrl-C there."""
    from evenvae.training import BatchStream

    steps = BatchStream.steps

    def interrupted(self: BatchStream, start: int, count: int) -> np.ndarray:
        if start:
            signal.raise_signal(signal.SIGINT)
        return steps(self, start, count)

    BatchStream.steps = interrupted


def main() -> None:
    """The work of one process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("devices", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("fits", nargs="+")
    parser.add_argument("--process", type=int)
    parser.add_argument("--address")
    parser.add_argument("--interrupt", action="store_true")
    options = parser.parse_args()
    import jax

    if options.address:
        jax.distributed.initialize(options.address, 2, options.process)
    from evenvae.training.skeleton import vector_of
    from support import fast, people

    if options.interrupt:
        ctrl_c_in_the_second_chunk()
    found = {}
    for name in options.fits:
        training = {"training__batch_size": options.batch, "training__devices": options.devices or None}
        model = fast(**training, **FITS[name])
        model.fit(people(300), checkpoint=options.out.parent / f"{name}.state")
        model.save(options.out.parent / f"{name}.evenvae")
        found |= {f"{name}.steps": model.n_steps_, f"{name}.interrupted": model.interrupted_}
        for number, member in enumerate(model.fitted_.members):
            found[f"{name}.{number}.params"] = np.asarray(vector_of(member.network))
        for figure in ("loss", "column_losses", "kl", "validation", "gradient_norms", "gradient_weights"):
            if figure in model.history_[0]:
                found[f"{name}.{figure}"] = np.array([record[figure] for record in model.history_])
    np.savez(options.out, **found)


if __name__ == "__main__":
    main()
