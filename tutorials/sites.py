# %% [markdown]
# # My rows come from several sites: tell people from places
#
# Two offices ask the same questions, and their answers differ: another questionnaire, another way to count. If you put the
# tables together, a model learns which office a row comes from before it learns anything about people. This tutorial tells
# the model about the offices instead.
#
# You need `pip install 'evenvae[demo]'`. The table is part of statsmodels, so no download is needed.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import evenvae
from evenvae import datasets

ROWS = 3000
truth = datasets.load("rand-hie").table.sample(ROWS, random_state=0).reset_index(drop=True)

# %% [markdown]
# The RAND Health Insurance Experiment: visits to a doctor (`mdvis`), chronic diseases (`disea`), the insurance plan, health.
#
# ## Two offices
#
# We pretend that a random third of the people answered in Seattle. Its questionnaire counts mild diseases, too, so that
# `disea` is larger there, and not by one factor; and it counts the telephone call that makes an appointment as a visit. As
# we made it up, we know what Dayton would have written down for the people of Seattle.

# %%
rng = np.random.default_rng(0)
seattle = rng.random(ROWS) < 0.3
table = truth.copy()
table.loc[seattle, "disea"] = 8 * np.sqrt(truth.disea)
table.loc[seattle & (truth.mdvis > 0), "mdvis"] += 1
table["office"] = np.where(seattle, "Seattle", "Dayton")
table.groupby("office")[["disea", "mdvis", "physlm", "hlthg"]].mean().round(2)

# %% [markdown]
# ## Tell the model
#
# `task="office"` gives the office to encoder and decoder. The column itself is not modelled, so that the latent need not
# say where a row comes from. A second model is not told. The heads are histograms (`Sampling`), because `disea` has a shape
# of its own in each office.

# %%
shapes = evenvae.Sampling(numbers="histogram")
model = evenvae.EvenVAE(task="office", sampling=shapes, random_state=0).fit(table)
untold = evenvae.EvenVAE(sampling=shapes, random_state=0).fit(table.drop(columns="office"))


# %%
def tells(rows, target):
    """The AUC of a logistic regression from rows to a target, cross-validated; 0.5 is guessing."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return cross_val_score(regression, rows, target, cv=5, scoring="roc_auc").mean()


places = {
    "the answers themselves": table[truth.columns],
    "latent of the model that is not told": untold.transform(table.drop(columns="office")),
    "latent of the model that is told": model.transform(table),
}
limited = truth.physlm > 0.5
pd.DataFrame({
    "tells the office": {name: tells(rows, seattle) for name, rows in places.items()},
    "tells a physical limitation": {name: tells(rows, limited) for name, rows in places.items()},
}).round(2)  # fmt: skip

# %% [markdown]
# The latent of the model that is told says much less about the office, and as much about the person. It does not say
# nothing about the office: `evaluate` measures what remains.
#
# ## Ask by office
#
# `sample(given=...)` draws rows of one office. Its rows look like those of that office, and not like a mixture.

# %%
# Histograms of disea in both offices, real rows beside drawn ones
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharex=True)
for ax, office in zip(axes, ["Dayton", "Seattle"], strict=True):
    real = table.disea[table.office == office]
    drawn = model.sample(len(real), given={"office": office}, random_state=1).disea
    ax.hist([real, drawn], bins=25, density=True, label=["real", "drawn"], color=["#b0b7c3", "#1f77b4"])
    ax.set_title(f"disea in {office}")
    ax.set_yticks([])
axes[0].legend()
plt.show()

# %% [markdown]
# ## Translate
#
# `translate` decodes a row under another office: what a person *of this kind* would have answered there. It replaces the
# whole row by what the model knows of it. To correct the answers of single persons, add only the difference that the
# office makes to what they answered.

# %%
there = table[seattle].reset_index(drop=True)
as_dayton = model.translate(there, to={"office": "Dayton"})
as_seattle = model.translate(there, to={"office": "Seattle"})
corrected = there.disea + as_dayton.disea - as_seattle.disea

wanted = truth.disea[seattle].reset_index(drop=True)
answers = {
    "as answered": there.disea,
    "translated": as_dayton.disea,
    "corrected": corrected,
    "in Dayton's way of counting": wanted,
}
pd.DataFrame({
    "mean": {name: values.mean() for name, values in answers.items()},
    "error of a person": {name: np.sqrt(((values - wanted) ** 2).mean()) for name, values in answers.items()},
}).round(2)  # fmt: skip

# %% [markdown]
# Most of the difference between the questionnaires is gone, without a line about how they differ.
#
# ## Before you rely on it
#
# * **Translating takes all differences between sites for differences of measuring.** Here people were sent to the offices
#   at random. Where one site has other people than another, that difference is taken away, too.
# * **Sites have to overlap.** If a kind of person exists at one site only, nothing in the table says how the other would
#   have measured it.
# * `model.evaluate(table).attrs["task_information"]` says how much the representation still tells of the site.
# * A learned prior (`prior="vamp"`) did not remove more of the site from the representation on real tables:
#   [tasks](../tasks.md#on-real-tables) has figures, and says what else can be asked.
