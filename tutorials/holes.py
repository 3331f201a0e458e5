# %% [markdown]
# # I have holes: fill missing cells
#
# A survey never comes back complete. Deleting incomplete rows throws most of the table away, and it also changes who is
# left in it. This tutorial hides cells of a complete table on purpose, fills them, and compares with what was there.
#
# You need `pip install 'evenvae[demo]'`. The table is part of statsmodels, so no download is needed.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from statsmodels.datasets import fair

import evenvae

ROWS = 2000
complete = fair.load_pandas().data.sample(ROWS, random_state=0).reset_index(drop=True)
complete.head()

# %% [markdown]
# These are answers of married women to a magazine's survey of 1974 (Fair, 1978): how happy the marriage is (1 to 5), age,
# years married, children, how religious (1 to 4), education, the occupations of both, and the time spent in affairs.
#
# ## What is each column?
#
# Numbers can be anything. `Schema.infer` says what it takes every column for, and why.

# %%
pd.options.display.max_colwidth = 100
found = evenvae.Schema.infer(complete)
pd.DataFrame([(column.name, column.likelihood, column.reason) for column in found.columns],
             columns=["column", "taken for", "because"])  # fmt: skip

# %% [markdown]
# It cannot know that an occupation is a code and a rating has an order. You know, so say it.

# %%
schema = {
    "rate_marriage": "ordinal",
    "religious": "ordinal",
    "occupation": "categorical",
    "occupation_husb": "categorical",
}

# %% [markdown]
# ## Make holes
#
# A fifth of all cells goes missing at random. In addition, religious women often skip the question about affairs: what is
# missing then depends on another answer, as in real surveys.

# %%
rng = np.random.default_rng(0)
hidden = rng.random(complete.shape) < 0.2
skips = (complete.religious >= 3) & (rng.random(ROWS) < 0.4)
hidden[:, complete.columns.get_loc("affairs")] |= skips
table = complete.mask(hidden)
print(
    f"{hidden.mean():.0%} of the cells are missing, and {table.isna().any(axis=1).mean():.0%} of the rows have a hole."
)

# %% [markdown]
# Complete rows alone would be a tenth of the table.
#
# ## Fit and fill
#
# `purpose="impute"` trains a model for this question. Missing cells need no preparation.

# %%
model = evenvae.EvenVAE(purpose="impute", schema=schema, random_state=0).fit(table)
filled = model.impute(table)
pd.concat({"with holes": table.head(4), "filled": filled.head(4)})

# %% [markdown]
# Observed cells stay exactly as they were. Filled cells are the model's best guess: the expectation of a number, the
# likeliest of the levels.
#
# ## How good is it?
#
# We know the truth, so we can look. The error of a number is the root mean squared error over its range; of an occupation,
# the share of wrong levels; of a rating, the mean distance over the number of levels. It is compared with the column's mean
# or most frequent level, and with scikit-learn's `IterativeImputer`, a chain of linear regressions.


# %%
def errors(guess):
    """The error of every column on the hidden cells."""
    found = {}
    for place, name in enumerate(complete.columns):
        rows = hidden[:, place]
        truth, told = complete[name][rows], guess[name][rows]
        if schema.get(name) == "categorical":
            found[name] = (truth != told).mean()
        elif schema.get(name) == "ordinal":
            found[name] = (truth - told).abs().mean() / complete[name].nunique()
        else:
            found[name] = np.sqrt(((truth - told) ** 2).mean()) / np.ptp(complete[name])
    return pd.Series(found)


levels = list(schema)
simple = table.fillna(table.mean()).assign(**{name: table[name].fillna(table[name].mode()[0]) for name in levels})
chained = pd.DataFrame(IterativeImputer(max_iter=40, random_state=0).fit_transform(table), columns=table.columns)
chained[levels] = chained[levels].round()
compared = pd.DataFrame(
    {"mean or mode": errors(simple), "IterativeImputer": errors(chained), "EvenVAE": errors(filled)}
)
compared.loc["mean of all"] = compared.mean()
compared.round(3)

# %%
# Bars: the error of every column on hidden cells, for three imputers
compared.plot.barh(color=["#b0b7c3", "#c2571a", "#1f77b4"], width=0.75, figsize=(7.2, 4.4))
plt.gca().invert_yaxis()
plt.xlabel("error on hidden cells")
plt.show()

# %% [markdown]
# ## A best guess is not an answer to "how sure?"
#
# Best guesses vary less than real answers do, because each is an expectation. Draw the missing cells instead, several
# times, whenever you compute a statistic of the filled table. Every draw is one table that might have been.

# %%
drawn = model.impute(table, draws=5, random_state=1)
place = complete.columns.get_loc("affairs")
rows = hidden[:, place]
pd.DataFrame({
    "truth": complete.affairs[rows].describe(),
    "best guess": filled.affairs[rows].describe(),
    "first draw": drawn[0].affairs[rows].describe(),
}).loc[["mean", "std", "50%", "max"]].round(2)  # fmt: skip

# %% [markdown]
# The guesses spread less than half as much as the truth, and the draws as much.
#
# Rubin's rules turn the results of several draws into one estimate, with an interval that is wider because cells are
# missing. Here it is the mean of `affairs`, with and without the women who skipped the question.

# %%
from evenvae.metrics import pool

means, variances = zip(*[(t.affairs.mean(), t.affairs.var() / ROWS) for t in drawn], strict=True)
pooled = pool(list(means), list(variances), complete_degrees_of_freedom=ROWS - 1)
print(f"all answers, which we would not know: {complete.affairs.mean():.3f}")
print(f"only women who answered:              {table.affairs.mean():.3f}")
print(f"drawn five times and pooled:          {pooled.estimate:.3f} ({pooled.low:.3f} to {pooled.high:.3f})")
print(f"information lost with the missing cells: {pooled.missing_information:.0%}")

# %% [markdown]
# Those who answered are not like those who did not, so their mean is too high. The draws correct that, because they follow
# the other answers.
#
# ## Before you use it
#
# * **Hide cells of your own table** and look at every column, as above: `model.evaluate(table, hide=0.2)` does it.
# * **Draws of one model leave out how uncertain the model itself is.** For intervals use an ensemble of bootstrap copies:
#   see [best guess or draws](../guide.md#best-guess-or-draws).
# * **A cell that is missing because of its own value cannot be recovered** by any method that sees the table alone.
# * `imputation=evenvae.Imputation(refine="trees")` lowers the error further, with LightGBM
#   ([refined by trees](../guide.md#refined-by-trees)).
# * In a pipeline, `evenvae.EvenImputer()` stands where `IterativeImputer` stood.
