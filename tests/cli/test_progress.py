"""Bars on a terminal."""

import io

import numpy as np
import pytest
from rich.console import Console

from evenvae.cli import progress
from evenvae.fitted.asking import in_slices


@pytest.fixture
def terminal(monkeypatch):
    out = io.StringIO()
    made = lambda stderr: Console(file=out, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", made)
    return out


def test_questions_tell_how_far_they_are(terminal):
    with progress.asking("asking"):
        found = in_slices(lambda part: part * 2, np.arange(10.0), 4)
    assert found.tolist() == [2.0 * i for i in range(10)]
    assert "asking" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    with progress.asking("asking"):
        in_slices(lambda part: part * 2, np.arange(10.0), 4)
    with progress.working("reading"):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_watcher_is_told_in_order_and_forgotten():
    from evenvae.fitted.asking import watched

    told = []
    with watched(lambda done, slices: told.append((done, slices))):
        in_slices(lambda part: part, np.arange(10.0), 4)
    in_slices(lambda part: part, np.arange(10.0), 4)
    assert told == [(1, 3), (2, 3), (3, 3)]
