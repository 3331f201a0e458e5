"""A worker process: it takes jobs as lines of JSON on standard input and answers with lines on standard output.

    python -m evenvae.search.worker DIR

DIR is the folder of the search. The process ends when its input ends, so that no worker outlives the search that
started it.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evenvae.search.sweep import Job, Sweep, read_table

CHECKPOINTS = "checkpoints"


def main(folder: Path) -> None:
    """Work until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed goes to the log
    # background jobs of a shell ignore Ctrl-C, and their children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    lines: list[str] = []
    arrived = threading.Condition()

    def listen() -> None:
        for line in sys.stdin:
            with arrived:
                lines.append(line)
                arrived.notify()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    encoded, schema = read_table(folder)
    sweep = None
    while True:
        with arrived:
            while not lines:
                arrived.wait()
            order = json.loads(lines.pop(0))
        if "sweep" in order:
            sweep = Sweep.from_dict(order["sweep"])
            from evenvae.search.bundle import train_bundle
        else:
            assert sweep is not None
            job = Job.from_dict(order["job"])
            state = folder / CHECKPOINTS / job.name
            if order["fresh"]:
                shutil.rmtree(state, ignore_errors=True)
            records = train_bundle(sweep, encoded, schema, job, state, Reporter(say))
            say(records=records)
            if records is None:
                return


class Reporter:
    """A callback of training that sends the step and the best metrics, at most once every ``seconds``."""

    def __init__(self, say: Callable[..., None], seconds: float = 0.3):
        self.say, self.seconds, self.last = say, seconds, 0.0

    def __call__(self, progress: Any) -> None:
        """Send a message if it is time for one."""
        now = time.monotonic()
        if now - self.last >= self.seconds or progress.step == progress.steps:
            self.last = now
            self.say(step=progress.step, best=progress.record["best"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
