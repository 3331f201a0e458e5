"""Parts of dates, also in another time zone."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.relations import date_parts
from relations_support import seen

N = 400
WHEN = pd.Series(pd.Timestamp("2018-03-04") + pd.to_timedelta(np.random.default_rng(0).integers(0, 10**8, N), unit="s"))
PARIS = WHEN.dt.tz_localize("UTC").dt.tz_convert("Europe/Paris")


@pytest.mark.parametrize(
    ("source", "target", "formula"),
    [
        (WHEN, WHEN.dt.year, "year(x)"),
        (WHEN, WHEN.dt.month, "month(x)"),
        (WHEN, WHEN.dt.day, "day(x)"),
        (WHEN, WHEN.dt.hour, "hour(x)"),
        (WHEN, WHEN.dt.minute, "minute(x)"),
        (WHEN, WHEN.dt.day_of_week, "weekday(x)"),
        (WHEN, WHEN.dt.day_of_year, "day_of_year(x)"),
        (WHEN, WHEN.dt.quarter, "quarter(x)"),
        (WHEN, WHEN.dt.floor("D"), "date(x)"),
        (WHEN, WHEN.dt.strftime("%Y-%m-%d"), "date(x)"),
        (WHEN.dt.strftime("%Y-%m-%dT%H:%M:%S"), WHEN.dt.hour, "hour(x)"),
        (PARIS, PARIS.dt.hour, "hour(x)"),
        (PARIS, PARIS.dt.day, "day(x)"),
        (WHEN, PARIS.dt.hour, "hour(in_zone(x, 'Europe/Paris'))"),
        (WHEN, PARIS.dt.tz_convert("America/New_York").dt.month, "month(in_zone(x, 'America/New_York'))"),
        (WHEN.dt.time, WHEN.dt.hour, "hour(x)"),
    ],
)
def test_parts(source, target, formula):
    cells = seen(pd.DataFrame({"x": source, "y": target}))
    assert date_parts.find(cells["y"], cells["x"]) == formula


def test_names_of_parts():
    cells = seen(pd.DataFrame({"x": WHEN, "y": WHEN.dt.day_name()}))
    found = date_parts.find(cells["y"], cells["x"])
    assert found is not None
    assert found.startswith("lookup(weekday(x), {")
    assert "0: 'Monday'" in found


def test_other_numbers_are_no_parts():
    shuffled = WHEN.dt.hour.sample(frac=1, random_state=0, ignore_index=True)
    cells = seen(pd.DataFrame({"x": WHEN, "y": shuffled}))
    assert date_parts.find(cells["y"], cells["x"]) is None
