"""A folder belongs to one search and can only be resumed with the same settings."""

import pytest

from evenvae import Network
from evenvae.errors import InputError
from evenvae.search import search
from made_up import SMALL, MadeUp


def sweep(table, folder, level, **options):
    return search(table, folder, executor=MadeUp(level), refit=False, **{**SMALL, **options})


def test_other_settings_are_refused_by_name(table, tmp_path):
    level = lambda balance, seed: 0.5
    sweep(table, tmp_path, level, balances="none", seeds=1)
    with pytest.raises(InputError, match="--resume"):
        sweep(table, tmp_path, level, balances="none", seeds=1)
    with pytest.raises(InputError, match=r"other settings \(network\.width\)"):
        sweep(table, tmp_path, level, balances="none", seeds=1, resume=True, network=Network(width=9, depth=1))
    with pytest.raises(InputError, match="other data"):
        sweep(table.iloc[:-1], tmp_path, level, balances="none", seeds=1, resume=True)
