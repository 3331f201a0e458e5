# %% [markdown]
# # I need synthetic rows: draw a table to give away
#
# You want to show a table, teach with it or test a program on it, and you cannot give the real one. This tutorial draws a
# table of new rows, and then checks three things: does it look like the real one, is it as useful, and is it a copy?
#
# You need `pip install 'evenvae[demo]'`. The table is part of statsmodels, so no download is needed.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

import evenvae
from evenvae import datasets

ROWS = 3000
data = datasets.load("rand-hie")
table = data.table.sample(2 * ROWS, random_state=0).reset_index(drop=True)
train, test = table[:ROWS], table[ROWS:]
train.head()

# %% [markdown]
# The RAND Health Insurance Experiment gave families different insurance plans and counted their visits to a doctor
# (`mdvis`). `lncoins`, `idp`, `lpi` and `fmde` describe the plan. `physlm` is a physical limitation, `disea` counts chronic
# diseases, and `hlthg`, `hlthf`, `hlthp` say whether health is good, fair or poor (excellent if none).
#
# Half of the rows is kept away from the model: only rows that it never saw can tell whether drawn rows are good.
#
# ## Fit and draw
#
# `purpose="sample"` trains a model for drawing.

# %%
model = evenvae.EvenVAE(purpose="sample", schema=data.schema, random_state=0).fit(train)
synthetic = model.sample(ROWS, random_state=1)
synthetic.head()

# %% [markdown]
# Types, bounds, whole numbers and levels are those of the real table, so that programs written for it still run.
#
# ## Does it look like the real one?
#
# First one column at a time, then pairs.

# %%
# Histograms of four columns, real rows beside drawn ones
figure, axes = plt.subplots(1, 4, figsize=(9, 2.8))
for ax, name in zip(axes, ["mdvis", "lncoins", "fmde", "disea"], strict=True):
    bins = np.histogram_bin_edges(test[name], 20)
    ax.hist([test[name], synthetic[name]], bins=bins, label=["real", "drawn"], color=["#b0b7c3", "#1f77b4"])
    ax.set_title(name)
    ax.set_yticks([])
axes[0].legend()
plt.show()

# %%
# Correlations of all pairs of columns: real rows, drawn rows, and their difference
real, drawn = (rows.corr(method="spearman") for rows in (test, synthetic))
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2))
for ax, values, title in zip(axes, [real, drawn, drawn - real], ["real", "drawn", "difference"], strict=True):
    shown = ax.imshow(values, vmin=-1, vmax=1, cmap="RdBu_r")
    ax.set_title(title)
    ax.set_xticks(range(len(values)), values.columns, rotation=90)
    ax.set_yticks(range(len(values)), values.columns if ax is axes[0] else [])
    ax.grid(False)
figure.colorbar(shown, ax=axes, shrink=0.8)
plt.show()

# %% [markdown]
# The strictest question is put to a classifier: can it tell drawn rows from real ones? An AUC of 0.5 means that it cannot,
# 1 that it always can.

# %%
both = pd.concat([test, synthetic], ignore_index=True)
is_drawn = np.repeat([0, 1], [len(test), len(synthetic)])
told = cross_val_predict(HistGradientBoostingClassifier(random_state=0), both, is_drawn, cv=5, method="predict_proba")
print(f"AUC of trees that tell drawn rows from real ones: {roc_auc_score(is_drawn, told[:, 1]):.2f}")

# %% [markdown]
# They can tell some of them, but not many.
#
# ## Is it as useful?
#
# Train the model that you really want on either table, and test it on real rows. Here trees predict who sees a doctor more
# than twice.


# %%
def usefulness(rows):
    """The AUC, on real rows, of trees that learned from these rows."""
    learned = HistGradientBoostingClassifier(random_state=0).fit(rows.drop(columns="mdvis"), rows.mdvis > 2)
    return roc_auc_score(test.mdvis > 2, learned.predict_proba(test.drop(columns="mdvis"))[:, 1])


print(f"trees that learned from real rows:  {usefulness(train):.3f}")
print(f"trees that learned from drawn rows: {usefulness(synthetic):.3f}")

# %% [markdown]
# Drawn rows tell a part of what real rows tell, not all of it. Look at this difference for the question that matters to
# you, before you trust a result that was found on drawn rows.
#
# ## Is it a copy?
#
# A drawn row must not lie nearer to the rows that the model learned from than to rows that it never saw. In half of the
# cases the nearest row is one of the former by chance alone.

# %%
scale = train.std()
near_train, near_test = (
    NearestNeighbors(n_neighbors=1).fit(rows / scale).kneighbors(synthetic / scale)[0][:, 0] for rows in (train, test)
)
nearer = (near_train < near_test).mean() + 0.5 * (near_train == near_test).mean()
print(f"nearer to a row of the training table than to any other: {nearer:.1%}")

# %% [markdown]
# Hardly more than half: rows were not learned by heart. That is no proof of privacy: a drawn table can still tell of a
# person who is the only one of a kind.
#
# ## Rows on demand
#
# `given` fixes values, ranges or sets of values; the other columns are drawn to agree with them. `rules` are formulas that
# every row has to satisfy.

# %%
sick = model.sample(500, given={"hlthp": 1, "disea": (20, None)}, rules=["mdvis >= 1"], random_state=2)
compared = pd.DataFrame({"all rows": synthetic.mean(), "poor health, many diseases": sick.mean()})
compared.round(2)

# %% [markdown]
# They see a doctor more often and have more physical limitations, although nobody asked for that.
#
# ## Before you give it away
#
# * Compare **every column and pair that your readers will look at**, as above. `evenvae report MODEL DATA` draws them all.
# * `model.sample(n, missing=True)` leaves cells missing as in the real table.
# * The model's file holds no rows, but it does hold the levels and the lowest and highest value of every column
#   ([sharp bits](../sharp_bits.md)).
# * How drawn rows compare with those of other libraries: [results](../results.md#synthetic-rows-compared-with-other-generators).
