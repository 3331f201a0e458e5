"""The page about the command is made from the command."""

import shlex
from pathlib import Path

import pytest
import typer

import command_page as tool
from evenvae.cli import main  # noqa: F401  (registers the commands)
from evenvae.cli.app import app

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page():
    return tool.page()


def test_every_command_and_option_is_on_the_page(page):
    for name, command in typer.main.get_command(app).commands.items():
        assert f"## `evenvae {name}`" in page
        for parameter in command.params:
            if not getattr(parameter, "hidden", False) and parameter.param_type_name == "option":
                assert max(parameter.opts, key=len) in page


def test_every_mistake_is_answered_in_one_line(page):
    answers = list(tool.answered())
    assert len(answers) >= 10
    worked = [call for (call, _), (code, _) in zip(tool.MISTAKES, answers, strict=True) if code == 0]
    assert worked == ["evenvae impute people.csv people.evenvae -o filled.csv"]
    for (call, _), (code, said) in zip(tool.MISTAKES, answers, strict=True):
        assert call in page
        if code:
            assert (code, said.count("\n")) == (2, 0), said
        assert "Traceback" not in said
        # no folder of the machine that makes the page
        assert "/tmp" not in said


def test_the_first_hour_is_one_of_existing_commands():
    known = typer.main.get_command(app).commands
    calls = [line.strip() for line in tool.INTRODUCTION.splitlines() if line.startswith("    evenvae ")]
    assert len(calls) == 5
    for call in calls:
        words = shlex.split(call.partition(" #")[0])[1:]
        known[words[0]].make_context(words[0], words[1:]).close()


def test_mkdocs_makes_it():
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "website/command_page.py" in config
    assert "command.md" in config
