"""The outcome of a search in a notebook."""

import numpy as np

from evenvae.search import search
from made_up import SMALL, MadeUp

LEVELS = {"none": 0.4, "power-norm[gamma=0.5]": 0.2, "gradnorm": 0.3}


def test_all_combinations_are_shown_the_chosen_one_in_bold(table, tmp_path):
    pool = MadeUp(lambda balance, seed: LEVELS[balance] + 0.01 * seed)
    outcome = search(
        table, tmp_path / "s", balances=["none", "power-norm", "gradnorm"], seeds=2, executor=pool, refit=False, **SMALL
    )
    page = outcome._repr_html_()
    assert all(name in page for name in LEVELS)
    assert "chosen: power-norm" in page
    strong = page[page.index('<tr class="strong">') :].partition("</tr>")[0]
    assert "power-norm" in strong
    assert f"{np.median([0.2, 0.21]):.4f}" in strong
    assert "paired t-test" in page
