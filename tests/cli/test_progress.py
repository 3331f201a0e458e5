"""Bars on a terminal."""

import io
import time

import numpy as np
import pytest
from rich.console import Console

from evenvae.cli import progress
from evenvae.fitted.asking import in_slices
from evenvae.io.watching import tell, told


@pytest.fixture
def terminal(monkeypatch):
    out = io.StringIO()
    made = lambda stderr: Console(file=out, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", made)
    return out


def test_questions_tell_how_far_they_are(terminal):
    with progress.watching("asking"):
        found = in_slices(lambda part: part * 2, np.arange(10.0), 4)
    assert found.tolist() == [2.0 * i for i in range(10)]
    assert "asking" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    with progress.watching("asking"):
        in_slices(lambda part: part * 2, np.arange(10.0), 4)
    assert capsys.readouterr() == ("", "")


def test_pieces_of_work_that_follow_each_other_have_their_own_names(terminal):
    with progress.watching("looking"):
        assert list(told("abc", "describing")) == ["a", "b", "c"]
        # the bar is drawn ten times a second
        time.sleep(0.3)
        tell("reading", 4096, None)
    shown = terminal.getvalue()
    assert "looking" in shown
    assert "describing" in shown
    assert "3/3" in shown
    assert "reading" in shown.split("3/3")[-1]
    assert "4,096 " in shown


def test_quiet_shows_no_bar(terminal):
    with progress.watching("looking", quiet=True):
        list(told("abc", "describing"))
    assert terminal.getvalue().strip() == ""


def test_what_is_printed_meanwhile_goes_to_standard_output(terminal, capsys):
    with progress.watching("looking"):
        print("a,b")
    assert capsys.readouterr().out == "a,b\n"
    assert "a,b" not in terminal.getvalue()
