"""Progress of training as an MLflow run."""

import logging
import os
import re
import time
from importlib.util import find_spec
from typing import Any

from evenvae.errors import InputError
from evenvae.tracking import scalars
from evenvae.training import Progress

log = logging.getLogger(__name__)
LONGEST_NAME, LONGEST_VALUE = 250, 500
MOST_AT_ONCE = {"metrics": 1000, "params": 100}
"""Most entries that MLflow takes in one call."""


class MLflow:
    """A callback for `EvenVAE.fit` that makes a run with the options as parameters and the history as metrics.

    What is not given follows MLflow's variables MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and MLFLOW_RUN_NAME. The
    run does not become MLflow's active run, so that your own calls of ``mlflow.log_...`` are not affected. A run whose
    training did not end is marked KILLED. If the server fails during training, tracking ends with a warning and
    training goes on.

    Args:
        uri: where runs are kept, such as ``"sqlite:///runs.db"`` or ``"http://localhost:5000"``.
        experiment: its name, by default ``"evenvae"``; it is made if it does not exist.
        run: the name of the run; by default MLflow chooses one.
        members: True also writes the metrics of every member of an ensemble, as ``members/1/loss``.
        tags: of the run.

    Raises:
        InputError: mlflow is not installed, or cannot keep runs at ``uri``.
    """

    def __init__(
        self,
        uri: str | None = None,
        experiment: str | None = None,
        run: str | None = None,
        members: bool = True,
        tags: dict[str, str] | None = None,
    ):
        if find_spec("mlflow") is None:
            raise InputError("Tracking needs mlflow: pip install 'evenvae[mlflow]'.")
        self.uri, self.run, self.members, self.tags = uri, run or os.environ.get("MLFLOW_RUN_NAME"), members, tags
        self.experiment = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "evenvae"
        from mlflow.tracking import MlflowClient  # type: ignore

        # the experiment is asked for now, so that a wrong address is found before training
        try:
            self.client = MlflowClient(uri)
            found = self.client.get_experiment_by_name(self.experiment)
            self.experiment_id = found.experiment_id if found else self.client.create_experiment(self.experiment)
        except Exception as error:
            raise InputError(f"MLflow cannot keep runs at {uri or 'its default place'}: {_line(error)}") from error
        self.run_id: str | None = None
        self._broken = self._finished = False

    def __call__(self, progress: Progress) -> None:
        """Write the metrics of one evaluation."""
        if self._broken:
            return
        try:
            self._write(progress)
        except Exception as error:
            self._broken = True
            log.warning("MLflow failed, and the rest of this training is not tracked: %s", _line(error))

    def _write(self, progress: Progress) -> None:
        from mlflow.entities import Metric, Param  # type: ignore

        if self.run_id is None:
            made = self.client.create_run(self.experiment_id, tags=self.tags, run_name=self.run)
            self.run_id = made.info.run_id
            options = [Param(name, str(value)[:LONGEST_VALUE]) for name, value in progress.options.items()]
            self._log("params", options)
        metrics = scalars.of_record(progress.record, progress.columns)
        for number, own in enumerate(scalars.of_members(progress.record) if self.members else (), start=1):
            metrics |= {f"members/{number}/{name}": value for name, value in own.items()}
        now = int(1000 * time.time())
        self._log("metrics", [Metric(name, value, now, progress.step) for name, value in allowed(metrics).items()])
        self._finished = progress.step >= progress.steps or all(progress.record["stopped"])

    def _log(self, kind: str, entries: list[Any]) -> None:
        size = MOST_AT_ONCE[kind]
        for begin in range(0, len(entries), size):
            self.client.log_batch(self.run_id, **{kind: entries[begin : begin + size]})

    def close(self) -> None:
        """End the run; the callback can be used again for another run."""
        if self.run_id is not None and not self._broken:
            try:
                self.client.set_terminated(self.run_id, "FINISHED" if self._finished else "KILLED")
            except Exception as error:
                log.warning("MLflow failed to end the run: %s", _line(error))
        self.run_id, self._broken, self._finished = None, False, False


def allowed(metrics: dict[str, float]) -> dict[str, float]:
    """Metrics under names that MLflow takes: other characters become ``_``, and names that become equal get numbers."""
    renamed: dict[str, float] = {}
    for name, value in metrics.items():
        parts = re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:LONGEST_NAME].split("/")
        taken = clean = "/".join(part.strip(".") or "_" for part in parts)
        number = 2
        while taken in renamed:
            taken, number = f"{clean[: LONGEST_NAME - 5]}_{number}", number + 1
        renamed[taken] = value
    return renamed


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
