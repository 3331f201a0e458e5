"""What is said of a call that the parser of the command line refuses: what is wrong, and how it is called instead."""

import difflib
from pathlib import Path
from typing import Any

import typer

EXAMPLE = "Example: "
"""Before the call that the help of every command ends with."""
SURE = 0.8
"""Names that are as similar as that are taken for one another."""


def wrong_call(error: typer.TyperException) -> str:
    """One sentence, with the nearest known word or an example of the command, and where its help is."""
    context: Any = getattr(error, "ctx", None)
    message = error.format_message()
    if context is None:
        return message
    see = f" (see: {context.command_path} --help)"
    option = getattr(error, "option_name", None)
    if option is not None and message.startswith("No such option"):
        return f"No such option: {option}{_instead_of(option, context)}{see}"
    if message.startswith("No such command"):
        return f"{message}{_file_for_command(message)}{see}"
    example = (context.command.epilog or "").removeprefix(EXAMPLE)
    if example and message.startswith(("Missing ", "Got unexpected")):
        return f"{message.rstrip('.')}; as in: {example}{see}"
    return f"{message}{see}"


def _instead_of(option: str, context: Any) -> str:
    """The option of the command that was meant; or that of `EvenVAE`, which ``--set`` takes."""
    known = [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
    taken = {name for parameter in context.command.params for name in parameter.opts}
    close = difflib.get_close_matches(option, known, 1)
    near = bool(difflib.get_close_matches(option, known, 1, cutoff=SURE))
    if "--set" in taken and not near:
        from evenvae.cli.completing import settings

        name = option.lstrip("-").replace("-", "_")
        every = [setting.rstrip("=") for setting in settings("")]
        # a network and its training are parts of every fit, fields of a prior or an objective are those of one kind
        of_one_kind = lambda one: one.startswith(("prior.", "objective."))
        meant = sorted((one for one in every if one.split(".")[-1] == name), key=of_one_kind)
        meant = meant or difflib.get_close_matches(name, every, 1, cutoff=SURE)
        if meant:
            return f"; did you mean --set {meant[0]}=VALUE?"
    return f"; did you mean {close[0]}?" if close else ""


def _file_for_command(message: str) -> str:
    """What to do with a file that stands where a command belongs."""
    name = message.partition("'")[2].rpartition("'")[0]
    if not name or not Path(name).exists():
        return ""
    from evenvae.cli.arguments import is_model

    command = "info" if is_model(name) else "fit"
    return f" It is a file, and a command comes first, as in: evenvae {command} {name}"
