"""Progress as TensorBoard event files.

They are written by TensorBoard's own writer, the one PyTorch's SummaryWriter stands on: it needs neither PyTorch nor
TensorFlow, and the package that reads the files is the one that writes them (tensorboardX is smaller, but whoever
looks at the curves needs tensorboard all the same).
"""

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evenvae.errors import InputError
from evenvae.tracking import scalars
from evenvae.training import Progress


class TensorBoard:
    """Callback for `EvenVAE.fit`: figures over steps, and the options in the tab of hyperparameters.

    Give every fit a folder of its own below one that ``tensorboard --logdir`` shows. Means over the members stand in
    ``folder``, those of an ensemble's members in ``folder/member 1`` and so on. A second fit into the same folder
    takes the place of the first from its first step on, so that a resumed training goes on in one line.

    Args:
        folder: where to write; made if it is not there.
        members: whether to write the members of an ensemble apart, too.

    Raises:
        InputError: tensorboard is not installed, or there is no folder to be had.
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
        """Write one report."""
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
            for number, figures in enumerate(scalars.of_members(progress.record), start=1):
                self._write(self.folder / f"member {number}", figures, progress.step)

    def close(self) -> None:
        """Finish the files; the callback can be used again."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, folder: Path, figures: dict[str, float], step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog  # type: ignore
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore
        from tensorboard.summary.writer.event_file_writer import EventFileWriter  # type: ignore

        if folder not in self._writers:
            self._writers[folder] = EventFileWriter(str(folder))
            # says that earlier files' figures from this step on are void
            self._event(folder, step, session_log=SessionLog(status=SessionLog.START))
        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        self._event(folder, step, summary=Summary(value=values))
        self._writers[folder].flush()

    def _event(self, folder: Path, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore

        self._writers[folder].add_event(Event(wall_time=time.time(), step=step, **content))
