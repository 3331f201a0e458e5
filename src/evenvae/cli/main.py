"""Entry point: runs the command and turns errors into exit codes and single lines."""

import logging
import os
import sys
import warnings

import typer

import evenvae.cli.cocktail
import evenvae.cli.report
import evenvae.cli.reproduce  # noqa: F401  (they register their commands)
from evenvae.cli.app import app
from evenvae.errors import InputError, TrainingError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> None:
    """Run ``evenvae``; exits with 0, 1 (failed while running), 2 (wrong call or input), 130 (interrupted)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    logging.basicConfig(format="%(message)s", level=logging.INFO if debug else logging.WARNING)
    logging.getLogger("jax").setLevel(logging.ERROR)
    warnings.showwarning = _one_line_warning  # type: ignore[assignment]
    sys.exit(_run(arguments, debug))


def _run(arguments: list[str], debug: bool) -> int:
    try:
        result = app(args=arguments, prog_name="evenvae", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except (InputError, typer.TyperException, TrainingError) as error:
        if debug:
            raise
        message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        context = getattr(error, "ctx", None)
        hint = f" (see: {context.command_path} --help)" if context is not None else ""
        _say(" ".join(message.split()) + hint)
        return FAILED if isinstance(error, TrainingError) else WRONG
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output has gone; nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except typer.Exit as stop:
        return stop.exit_code
    except Exception as error:
        if debug:
            raise
        _say(f"{type(error).__name__}: {' '.join(str(error).split())[:500]} (--debug shows where)")
        return FAILED


def _say(message: str) -> None:
    print(f"evenvae: {message}", file=sys.stderr)


def _one_line_warning(message, category, filename, lineno, file=None, line=None) -> None:
    del category, filename, lineno, file, line
    print(f"evenvae: note: {message}", file=sys.stderr)
