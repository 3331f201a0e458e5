"""Successive halving: when runs pause, who goes on, and that the winner is the full sweep's."""

import pytest

from evenvae.search import search
from evenvae.search.halving import stages, steps_to_come, survivors
from made_up import SMALL, MadeUp

LEVELS = {"none": 0.6, "pcgrad": 0.55, "graddrop": 0.62, "imtl-g": 0.2, "imtl-g+pcgrad": 0.25, "gradnorm": 0.5,
          "mgda-ub": 0.7, "equal-norm": 0.4}  # fmt: skip


def test_pauses_are_whole_chunks_and_double():
    assert stages(1600, 50, 12) == [200, 400, 800, 1600]
    assert stages(1600, 50, 4) == [400, 800, 1600]
    assert stages(1600, 50, 1) == [1600]
    assert stages(60, 50, 12) == [50, 60]
    assert stages(40, 50, 12) == [40]


def test_the_better_half_and_plain_go_on():
    figures = {(name, seed): level + seed * 0.01 for name, level in LEVELS.items() for seed in range(3)}
    assert survivors(figures, tuple(LEVELS)) == ("none", "imtl-g", "imtl-g+pcgrad", "gradnorm", "equal-norm")
    assert survivors({("a", 0): float("inf"), ("b", 0): 0.1}, ("a", "b")) == ("b",)


def test_the_work_to_come_is_that_of_the_survivors():
    assert steps_to_come([200, 400, 800, 1600], tuple(LEVELS)) == 5 * 200 + 3 * 400 + 2 * 800
    assert steps_to_come([400], ("none", "pcgrad")) == 0


@pytest.mark.parametrize("seeds", [1, 3])
def test_halving_keeps_the_winner_with_less_work(table, tmp_path, seeds):
    level = lambda balance, seed: LEVELS[balance] + 0.01 * seed
    full, halved = MadeUp(level), MadeUp(level)
    options = {"balances": list(LEVELS), "seeds": seeds, "refit": False, **SMALL, "epochs": 200}
    reference = search(table, tmp_path / "full", executor=full, **options).summary
    summary = search(table, tmp_path / "halved", executor=halved, halving=True, **options).summary
    assert summary.chosen == reference.chosen == "imtl-g"
    finished = summary.table[summary.table["runs"] > 0]
    expected = reference.table.set_index("balance").loc[finished["balance"]]
    assert list(finished["median"]) == list(expected["median"])
    assert {balance for balance, _, until in halved.trained if until == halved.sweep.steps} == {"none", "imtl-g"}
    steps = lambda hands: sum(
        until * len(group) for until, group in {(b, s): (u, s) for b, s, u in hands.trained}.values()
    )
    assert steps(halved) < 0.6 * steps(full)


def test_an_interrupted_halving_goes_on_and_ends_alike(table, tmp_path):
    level = lambda balance, seed: LEVELS[balance] + 0.01 * seed

    class Interrupted(MadeUp):
        def run(self, jobs):
            for number, event in enumerate(super().run(jobs)):
                if jobs[0].until > self.sweep.chunk * 3 and number == 3:
                    raise KeyboardInterrupt
                yield event

    options = {"balances": list(LEVELS), "seeds": 2, "refit": False, "halving": True, **SMALL, "epochs": 200}
    with pytest.raises(KeyboardInterrupt):
        search(table, tmp_path / "a", executor=Interrupted(level), **options)
    search(table, tmp_path / "a", executor=MadeUp(level), resume=True, **options)
    search(table, tmp_path / "b", executor=MadeUp(level), **options)
    assert (tmp_path / "a" / "summary.csv").read_bytes() == (tmp_path / "b" / "summary.csv").read_bytes()
