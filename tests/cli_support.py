"""How the tests of the command call it."""

import io
import logging
import os
import subprocess
import sys
import warnings

FIT = [
    "--epochs",
    "3",
    "--set",
    "network.width=16",
    "--set",
    "latent_size=2",
    "--set",
    "network.depth=1",
    "--quiet",
]


def evenvae(*arguments, stdin=None, environment=None):
    """Run the command in this process, as its entry point does; ``(code, standard output, standard error)``.

    A process of its own would spend its time on importing and compiling what this one has; `in_a_process` is for what
    only that can show.
    """
    from evenvae.cli.main import main

    streams = [io.TextIOWrapper(io.BytesIO(given), "utf-8", write_through=True) for given in (stdin or b"", b"", b"")]
    before, handlers, around = (sys.stdin, sys.stdout, sys.stderr), logging.root.handlers, dict(os.environ)
    sys.stdin, sys.stdout, sys.stderr = streams
    logging.root.handlers = []
    os.environ.update(environment or {})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.simplefilter("ignore", DeprecationWarning)
            main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        logging.root.handlers = handlers
        os.environ.clear()
        os.environ.update(around)
    said = [stream.buffer.getvalue().decode() for stream in streams[1:]]
    return code, *said


def in_a_process(*arguments, stdin=None):
    """Run the command in a process of its own; ``(code, standard output, standard error)``."""
    done = subprocess.run(
        [sys.executable, "-m", "evenvae", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def call(capsys, *arguments):
    """Run the command in this process; ``(code, standard output, standard error)``."""
    from evenvae.cli.main import run

    code = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def write(folder, name, content):
    path = folder / name
    path.write_text(content)
    return path
