"""A sweep that is ended at any moment goes on and gives the table of one that was not."""

import shutil
import signal
import time

import numpy as np
import pytest

from evenvae import tables
from evenvae.cocktail import search
from evenvae.cocktail.executor import Failed, Finished, Stepped
from evenvae.cocktail.local import LocalExecutor
from evenvae.cocktail.sweep import Job, Sweep, write_table
from evenvae.cocktail.worker import CHECKPOINTS
from made_up import SMALL, MadeUp

RESULTS = ("summary.csv", "columns.csv")


def level(balance, seed):
    return 0.2 + 0.1 * len(balance) + 0.01 * seed


def results(folder):
    return [(folder / name).read_bytes() for name in RESULTS]


class Power(BaseException):
    """Nothing handles it, as nothing handles the power going off."""


class Ended(MadeUp):
    """Ends at a given event: before the sweep hears of it."""

    def __init__(self, at):
        super().__init__(level)
        self.at = at

    def run(self, jobs):
        for event in super().run(jobs):
            self.at -= 1
            if self.at < 0:
                raise Power
            yield event


@pytest.mark.parametrize("halving", [False, True])
def test_ended_at_every_event(table, tmp_path, halving):
    options = {"balances": "none,pcgrad,imtl-g,gradnorm", "seeds": 4, "bundle": 2, "halving": halving, "refit": False}
    options |= {**SMALL, "epochs": 40}
    search(table, tmp_path / "whole", executor=MadeUp(level), **options)
    ends, part = 0, tmp_path / "part"
    for number in range(100):
        try:
            # every try comes two events further than the last one did by itself
            search(table, part, executor=Ended(2 + number % 3), resume=True, **options)
            break
        except Power:
            ends += 1
    assert ends >= 5
    assert results(part) == results(tmp_path / "whole")


def test_a_lost_worker_is_replaced(table, tmp_path, monkeypatch, command):
    for name, value in command.settings.items():
        monkeypatch.setenv(name, value)
    schema = tables.Schema.infer(table)
    sweep = Sweep({**SMALL, "epochs": 800}, (0, 1), ("none",), 0.0, 1, 4000, 50, "mark")
    write_table(tmp_path, tables.encode(table, schema), schema)
    jobs = [Job("none", (seed,), sweep.steps, False) for seed in sweep.seeds]
    hands, lost, expected, finished = LocalExecutor(workers=2), [], {}, {}
    hands.start(sweep, tmp_path)
    try:
        expected = {event.job: event.records for event in hands.run(jobs) if isinstance(event, Finished)}
        shutil.rmtree(tmp_path / CHECKPOINTS)
        for event in hands.run(jobs):
            if isinstance(event, Stepped) and not lost:
                worker = next(worker for worker in hands.workers if worker.job == event.job)
                worker.process.send_signal(signal.SIGKILL)
                lost.append(event.job)
            elif isinstance(event, Failed):
                lost.append(event.job)
            elif isinstance(event, Finished):
                finished[event.job] = event.records
    finally:
        hands.close()
    assert lost == [lost[0]] * 2
    assert without_times(finished) == without_times(expected)
    assert set(finished) == set(jobs)


def without_times(records):
    return {job: [{**record, "seconds": 0} for record in found] for job, found in records.items()}


LONG = ["--balances", "none,pcgrad,imtl-g,graddrop", "--seeds", 3, "--bundle", 1, "--workers", 2]
LONG += ["--epochs", 300, "--set", "hidden_size=16", "--set", "patience=0", "--test-fraction", 0.25]


@pytest.fixture(scope="module")
def whole(command, data, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "sweep"
    done = command("cocktail", data, *LONG, "-o", out)
    assert done.code == 0, done.err
    return out


def same(part, whole):
    model = lambda folder: (folder / "best.evenvae").read_bytes()
    return results(part) == results(whole) and model(part) == model(whole)


@pytest.mark.slow
def test_killed_ten_times(command, data, whole, tmp_path):
    generator = np.random.default_rng(0)
    part = tmp_path / "part"
    call = ["cocktail", data, *LONG, "-o", part, "--resume"]
    for number in range(10):
        process = command.start(*call)
        if number % 2:
            process.stderr.readline()  # a bundle is done
            time.sleep(generator.uniform(0, 0.5))
        else:
            time.sleep(generator.uniform(0.5, 6))
        assert process.poll() is None, "the sweep was over before it was killed; let it train longer"
        process.kill()
        process.communicate()
    last = command(*call)
    assert last.code == 0, last.err
    assert same(part, whole)


@pytest.mark.slow
def test_interrupted_while_another_asks_for_the_folder(command, data, whole, tmp_path):
    part = tmp_path / "part"
    call = ["cocktail", data, *LONG, "-o", part, "--resume"]
    process = command.start(*call)
    process.stderr.readline()
    other = command(*call)
    assert (other.code, "Another sweep" in other.err) == (2, True)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "--resume" in err.splitlines()[-1]
    last = command(*call)
    assert last.code == 0, last.err
    assert same(part, whole)
