"""The entry point: it runs the command and turns errors into exit codes and single lines."""

import atexit
import gc
import logging
import os
import sys
import warnings
from typing import Any

import typer

# these modules register their commands, in the order of the help
from evenvae.cli import fitting  # noqa: F401  # isort: skip
from evenvae.cli import asking  # noqa: F401  # isort: skip
from evenvae.cli import models  # noqa: F401  # isort: skip
from evenvae.cli import demo  # noqa: F401  # isort: skip
from evenvae.cli import cocktail  # noqa: F401  # isort: skip
from evenvae.cli import report  # noqa: F401  # isort: skip
from evenvae.cli import reproduce  # noqa: F401  # isort: skip
from evenvae.cli.app import app
from evenvae.cli.common import DONE, FAILED, INTERRUPTED, WRONG
from evenvae.cli.wrong_calls import wrong_call
from evenvae.errors import InputError, TrainingError


def main(arguments: list[str] | None = None) -> None:
    """Run ``evenvae``; it exits with 0, 1 (failed while running), 2 (wrong call or input) or 130 (interrupted)."""
    _start_quickly()
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    logging.basicConfig(format="%(message)s", level=logging.INFO if debug else logging.WARNING)
    logging.getLogger("jax").setLevel(logging.ERROR)
    warnings.showwarning = _one_line_warning  # type: ignore[assignment]
    sys.exit(run(arguments, debug))


def run(arguments: list[str], debug: bool = False) -> int:
    """Run a command and return its exit code; errors are printed as one line, with ``debug`` they are raised."""
    try:
        result = app(args=arguments, prog_name="evenvae", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except (InputError, typer.TyperException, TrainingError) as error:
        if debug:
            raise
        said = wrong_call(error) if isinstance(error, typer.TyperException) else str(error)
        line = " ".join(said.split())
        # the nearest known name ends with a question mark, and its sentence with a full stop
        _say(line.removesuffix(".") if line.endswith("?.") else line)
        return FAILED if isinstance(error, TrainingError) else WRONG
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has ended; nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except typer.Exit as stop:
        return stop.exit_code
    except OSError as error:
        if debug:
            raise
        if error.filename is None or error.strerror is None:
            return _unforeseen(error)
        # a file that may not be read, a folder that is gone: the caller's to mend
        _say(f"cannot use {error.filename}: {error.strerror}; check the path and its permissions")
        return WRONG
    except Exception as error:
        if debug:
            raise
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    _say(f"{type(error).__name__}: {' '.join(str(error).split())[:500]} (--debug shows where)")
    return FAILED


def _start_quickly() -> None:
    """Leave out what costs every command a quarter of a second or more of its start and end."""
    # importing and compiling make many objects that stay; looking through them for garbage finds nothing
    gc.set_threshold(100_000, 50, 50)
    atexit.register(gc.freeze)
    # the threads of NumPy's and SciPy's linear algebra spin while they wait; its problems here are small
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _say(message: str) -> None:
    print(f"evenvae: {message}", file=sys.stderr)


def _one_line_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    del category, filename, lineno, file, line
    print(f"evenvae: note: {message}", file=sys.stderr)
