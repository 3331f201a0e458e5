# %% [markdown]
# # Which rows are odd? Find mistakes and rare cases
#
# A cell can be wrong although its value is perfectly usual: a person of good health who is also noted as one of poor
# health, a plan without a deductible that has one. No check of single columns finds these. A model of the whole row does:
# it gives every row a log-likelihood, and odd rows a low one.
#
# You need `pip install 'evenvae[demo]'`. The table is part of statsmodels, so no download is needed.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

import evenvae
from evenvae import datasets

ROWS = 3000
data = datasets.load("rand-hie")
table = data.table.sample(ROWS + 2000, random_state=0).reset_index(drop=True)
checked, arrived = table[:ROWS], table[ROWS:].reset_index(drop=True)
checked.describe().loc[["mean", "min", "max"]].round(2)

# %% [markdown]
# The RAND Health Insurance Experiment: visits to a doctor (`mdvis`), the insurance plan (`lncoins`, `idp`, `lpi`, `fmde`),
# a physical limitation (`physlm`), chronic diseases (`disea`), and health (`hlthg` good, `hlthf` fair, `hlthp` poor).
# The first rows count as checked; two thousand more have just arrived.
#
# ## Plant mistakes
#
# We make three kinds of mistakes in the new rows, 25 of each, so that we know what should be found. Each changed cell gets
# a value that many other rows have, too.

# %%
rng = np.random.default_rng(1)
kinds = np.full(len(arrived), "", dtype=object)
spoilt = arrived.copy()


def plant(kind, candidates, column, value):
    """Change a column in 25 of the candidate rows."""
    rows = rng.choice(np.flatnonzero(candidates & (kinds == "")), 25, replace=False)
    spoilt.loc[rows, column] = value
    kinds[rows] = kind


healthy = (arrived.hlthg == 0) & (arrived.hlthf == 0)
plant("good and poor health", arrived.hlthg == 1, "hlthp", 1)
plant("poor health without a disease", healthy & (arrived.disea < 5), "hlthp", 1)
plant("deductible where there is none", (arrived.fmde == 0) & (arrived.lncoins == 0), "fmde", arrived.fmde.max())
wrong = kinds != ""

# %% [markdown]
# ## Fit and score
#
# The model learns from the checked rows. Then it scores the new ones.

# %%
model = evenvae.EvenVAE(schema=data.schema, random_state=0).fit(checked)
details = model.score_samples(spoilt, return_details=True)
score = details["total"]  # nats; low is odd

# %% [markdown]
# For comparison: scikit-learn's `IsolationForest`, and a plain VAE (`balance="none"`). The figures are the chances that a
# spoilt row scores lower than a good one; 0.5 is guessing.

# %%
isolated = IsolationForest(n_estimators=300, random_state=0).fit(checked).score_samples(spoilt)
plain = evenvae.EvenVAE(schema=data.schema, balance="none", random_state=0).fit(checked).score_samples(spoilt)


def found(score):
    """For each kind of mistake, the chance that a spoilt row scores lower than a good one."""
    chances = {}
    for kind in dict.fromkeys(kinds[wrong]):
        asked = ~wrong | (kinds == kind)
        chances[kind] = roc_auc_score(kinds[asked] == kind, -score[asked])
    return chances


pd.DataFrame({"IsolationForest": found(isolated), "plain VAE": found(plain), "EvenVAE": found(score)}).round(3)

# %%
# Curves: the share of the planted mistakes among the oddest rows, by the number of rows looked at
looked = np.arange(1, 401)
for name, values, colour in [
    ("EvenVAE", score, "#1f77b4"),
    ("plain VAE", plain, "#8a929c"),
    ("IsolationForest", isolated, "#c2571a"),
]:
    plt.plot(looked, np.cumsum(wrong[np.argsort(values)])[looked - 1] / wrong.sum(), label=name, color=colour)
plt.xlabel("rows looked at, the oddest first")
plt.ylabel("share of the mistakes found")
plt.legend()
plt.show()

# %% [markdown]
# A model finds mistakes only in columns that it has learned. Plain training overlooks the rare flag `hlthp`, and with it
# most of its mistakes.
#
# ## Which cell is it?
#
# `details["columns"]` holds the log-likelihood of every cell, given its row. Measured against what is usual in the column,
# the lowest one points at the cell.

# %%
known = pd.DataFrame(model.score_samples(checked, return_details=True)["columns"], columns=list(checked.columns))
cells = pd.DataFrame(details["columns"], columns=list(checked.columns))
oddness = (known.median() - cells) / (known.median() - known.quantile(0.01))
pointed = oddness.idxmax(axis=1)
pd.crosstab(pd.Series(kinds[wrong], name="planted"), pd.Series(pointed[wrong].to_numpy(), name="pointed at"))

# %% [markdown]
# A deductible where there is none may be a wrong deductible (`fmde`) or a wrong plan (`idp`): the row says no more than that
# the two do not agree. These are the rows to look at first:

# %%
worst = np.argsort(score)[:8]
spoilt.iloc[worst].round(1).assign(score=score[worst].round(1), pointed_at=pointed[worst], planted=kinds[worst])

# %% [markdown]
# Rows without a name in the last column were not planted: these are rare persons, or mistakes that were in the table
# before. Only someone who knows the table can say which. That is what a score is for: it puts the rows in order, and you
# look at the first ones.
#
# ## Before you rely on it
#
# * **Scores of rows with different missing cells are not comparable**, because each counts its observed cells only.
# * By default a score comes from 100 quick draws. Before you compare *models* by likelihood, use
#   `score_samples(table, tolerance=0.1)`: see
#   [log-likelihoods that can be compared](../theory.md#log-likelihoods-that-can-be-compared).
# * A model may learn from the same rows that it scores, but a mistake that is frequent among them is the new usual.
# * `evenvae report MODEL DATA` lists the most unusual rows, with the columns that make them so.
