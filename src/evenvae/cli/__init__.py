"""The ``evenvae`` command."""

from evenvae.cli.main import main

__all__ = ["main"]
