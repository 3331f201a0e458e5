"""A search that is ended at any moment goes on and gives the table of one that was not; what it takes and refuses."""

import pytest

from evenvae.errors import InputError, TrainingError
from evenvae.options.options import to_json
from evenvae.search import search
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


def test_more_seeds_and_combinations_are_added_to_a_sweep(table, tmp_path):
    level = lambda balance, seed: 0.5
    search(table, tmp_path, executor=MadeUp(level), refit=False, balances="none", seeds=2, **SMALL)
    hands = MadeUp(level)
    search(table, tmp_path, executor=hands, refit=False, balances="none,pcgrad", seeds=3, resume=True, **SMALL)
    assert {(balance, seed) for balance, seeds, _ in hands.trained for seed in seeds} == {
        ("none", 2),
        ("pcgrad", 0),
        ("pcgrad", 1),
        ("pcgrad", 2),
    }


def test_nothing_trained_is_an_error(table, tmp_path):
    class Dead(MadeUp):
        def record(self, job, seed):
            return super().record(job, seed) | {"status": "failed", "figure": None, "columns": [], "message": "'age'"}

    with pytest.raises(TrainingError, match="age"):
        search(table, tmp_path, executor=Dead(lambda *_: 0.1), balances="none", **SMALL)


def test_options_of_parts_are_parts_or_names(table, tmp_path):
    nested = {"epochs": 12, "latent_size": 2, "network__width": 8, "network__depth": 1, "training__batch_size": 32}
    flat, parts = MadeUp(level), MadeUp(level)
    search(table, tmp_path / "a", executor=flat, balances="none", seeds=1, refit=False, **nested)
    search(table, tmp_path / "b", executor=parts, balances="none", seeds=1, refit=False, **SMALL)
    assert flat.sweep.options == parts.sweep.options == to_json(SMALL)
    assert flat.sweep == parts.sweep


def test_an_old_or_unknown_option_is_answered_in_one_sentence(table, tmp_path):
    call = {"executor": MadeUp(level), "balances": "none", "seeds": 1}
    with pytest.raises(InputError, match=r"'hidden_size' is now network\.width"):
        search(table, tmp_path, **call, hidden_size=8)
    with pytest.raises(InputError, match=r"no option 'epoch'.*'epochs'"):
        search(table, tmp_path, **call, epoch=8)


def test_a_pilot_is_refused_as_the_search_has_plain_runs(table, tmp_path):
    with pytest.raises(InputError, match=r"pilot cannot be set for a search.*pilot=True\) with the chosen"):
        search(table, tmp_path, **SMALL, pilot=True)


def test_the_former_name_of_the_room_is_an_alias():
    import evenvae.cocktail
    import evenvae.search

    assert evenvae.cocktail.search is evenvae.search.search
    assert set(evenvae.cocktail.__all__) == set(evenvae.search.__all__)


def test_devices_of_a_batch_are_refused_as_bundles_share_them(table, tmp_path):
    with pytest.raises(InputError, match=r"training\.devices cannot be set for a search"):
        search(table, tmp_path / "sweep", **SMALL, training__devices=2)
