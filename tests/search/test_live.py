"""What is shown while a sweep runs."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from evenvae.search.executor import Failed, Finished, Stepped
from evenvae.search.live import Board
from evenvae.search.sweep import Job, Sweep

SWEEP = Sweep({}, (0, 1), ("none", "pcgrad"), 0.0, 2, 100, 10, "mark")
NONE, OTHER = (Job(balance, (0, 1), 100, True) for balance in SWEEP.balances)


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("evenvae.search.live.time.monotonic", lambda: now[0])
    return now


def board(runs=(), verbose=False):
    return Board(SWEEP, pd.DataFrame(runs, columns=["balance", "seed", "figure"]), verbose)


def finished(job, figures):
    return Finished(job, [{"figure": figure} for figure in figures])


def test_the_time_left_follows_the_work(clock):
    shown = board()
    shown.plan([NONE, OTHER], 0, 200)
    assert np.isnan(shown.seconds_left())
    clock[0] = 30.0
    shown.tell(Stepped(NONE, 50, (0.5, 0.6)))
    # 100 steps in 30 seconds; 300 of these two and 200 to come
    assert shown.seconds_left() == pytest.approx(150)
    shown.tell(Failed(NONE, "lost"))
    assert np.isnan(shown.seconds_left())
    shown.tell(finished(NONE, (0.4, 0.5)))
    shown.tell(finished(OTHER, (0.3, None)))
    assert shown.seconds_left() == pytest.approx(15)
    shown.plan([OTHER], 100, 0)
    assert shown.seconds_left() == 0


def text(shown):
    out = io.StringIO()
    Console(file=out, width=120).print(shown.table())
    return out.getvalue().splitlines()


def test_the_table_shows_what_runs_and_what_leads(clock):
    shown = board([("pcgrad", 0, 0.2), ("pcgrad", 1, 0.4), ("imtl-g", 0, 0.1)])
    shown.plan([NONE], 0, 0)
    shown.tell(Stepped(NONE, 50, (0.5, np.inf)))
    title, _, plain, other = text(shown)
    assert "best so far pcgrad" in title
    assert plain.split()[:5] == ["none", "running", "50%", "0/2", "-"]
    assert other.split() == ["pcgrad", "done", "2/2", "0.3", "0.3", "0.1414"]
    shown.drop(["none"], 50)
    shown.running.clear()
    assert "dropped at 50" in text(shown)[2]


def test_lines_where_there_is_no_terminal(clock, capsys):
    shown = board(verbose=True)
    with shown:
        shown.plan([NONE], 0, 0)
        clock[0] = 5.0
        shown.tell(Failed(NONE, "killed"))
        shown.tell(finished(NONE, (0.4, 0.5)))
    lines = capsys.readouterr().err.splitlines()
    assert "killed" in lines[0]
    assert lines[1] == "1/1 none, seeds 0, 1: metric 0.45; best so far none; 0.0 s left"
