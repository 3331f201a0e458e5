"""Progress of training as TensorBoard event files.

TensorBoard's own writer writes them, which PyTorch's SummaryWriter uses too. It needs neither PyTorch nor TensorFlow.
tensorboardX is a smaller package, but whoever looks at the curves needs tensorboard in any case.
"""

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evenvae.errors import InputError
from evenvae.tracking import scalars
from evenvae.training import Progress


class TensorBoard:
    """A callback for `EvenVAE.fit` that writes the history as curves, and the options as hyperparameters.

    Give every fit its own folder below the one that ``tensorboard --logdir`` shows. Means over the members are written
    to ``folder``, the values of an ensemble's members to ``folder/member 1`` and so on. A second fit into the same
    folder replaces the first from its own first step on, so that a resumed training continues the curve.

    Args:
        folder: where to write; it is made if it does not exist.
        members: True also writes the curves of every member of an ensemble.

    Raises:
        InputError: tensorboard is not installed, or the folder cannot be made.
    """

    def __init__(self, folder: str | Path, members: bool = True):
        if find_spec("tensorboard") is None:
            raise InputError("Tracking needs tensorboard: pip install 'evenvae[tensorboard]'.")
        self.folder, self.members = Path(folder), members
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"Cannot write TensorBoard's files to {folder}: {error.strerror}.") from error
        self._writers: dict[Path, Any] = {}

    def __call__(self, progress: Progress) -> None:
        """Write the values of one evaluation."""
        first = not self._writers
        self._write(self.folder, scalars.of_record(progress.record, progress.columns), progress.step)
        if first and progress.options:
            from tensorboard.plugins.hparams import summary_v2  # type: ignore

            plain = {
                name: value if isinstance(value, bool | int | float | str) else str(value)
                for name, value in progress.options.items()
            }
            self._event(self.folder, 0, summary=summary_v2.hparams_pb(plain, trial_id=str(self.folder)))
        if self.members:
            for number, values in enumerate(scalars.of_members(progress.record), start=1):
                self._write(self.folder / f"member {number}", values, progress.step)

    def close(self) -> None:
        """Close the files; the callback can be used again."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, folder: Path, values: dict[str, float], step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog  # type: ignore
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore
        from tensorboard.summary.writer.event_file_writer import EventFileWriter  # type: ignore

        if folder not in self._writers:
            self._writers[folder] = EventFileWriter(str(folder))
            # tells TensorBoard to ignore the values of earlier files from this step on
            self._event(folder, step, session_log=SessionLog(status=SessionLog.START))
        entries = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._event(folder, step, summary=Summary(value=entries))
        self._writers[folder].flush()

    def _event(self, folder: Path, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore

        self._writers[folder].add_event(Event(wall_time=time.time(), step=step, **content))
