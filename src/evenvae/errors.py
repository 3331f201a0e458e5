"""Errors that are the caller's to mend, each one clear sentence."""


class EvenVAEError(Exception):
    """Base of the library's own errors."""


class InputError(EvenVAEError, ValueError):
    """Wrong input: names the column, row, file or option and says what to do."""


class TrainingError(EvenVAEError, RuntimeError):
    """Training could not go on: names the column and says what to do."""


class ForkError(EvenVAEError, RuntimeError):
    """The process was forked after JAX had computed in its parent, so that nothing can be computed in it."""


class TableWarning(UserWarning):
    """Something about a table was handled in a way that its owner should know of."""
