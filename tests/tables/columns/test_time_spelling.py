"""Texts that spell times: found, read and written again."""

import numpy as np
import pytest

from evenvae.tables.columns.time_spelling import find, read, read_clock, write
from evenvae.tables.columns.time_units import TICKS

SPELLED = {
    "%Y-%m-%d": ["2020-01-02", "2021-12-31"],
    "%Y-%m-%d %H:%M": ["2020-01-02 03:04", "2021-12-31 23:59"],
    "%Y-%m-%dT%H:%M:%SZ": ["2020-01-02T03:04:05Z"],
    "%Y-%m-%dT%H:%M:%S+02:00": ["2020-01-02T03:04:05+02:00"],
    "%Y-%m-%d %H:%M:%S-0530": ["2020-01-02 03:04:05-0530"],
    "%Y-%m-%d %H:%M:%S.%3f": ["2020-01-02 03:04:05.125"],
    "%d.%m.%Y": ["31.12.2020", "01.02.2021"],
    "%-d.%-m.%Y": ["31.12.2020", "1.2.2021"],
    "%m/%d/%Y": ["03/04/2021", "12/31/2021"],
    "%d/%m/%Y": ["03/04/2021", "31/12/2021"],
    "%-m/%-d/%y": ["3/4/21", "12/31/21"],
    "%Y/%m/%d": ["2021/05/06"],
    "%Y-%m": ["2020-05", "2021-12"],
    "%-d %b %Y": ["5 Mar 2021", "17 Jul 2020"],
    "%B %-d, %Y": ["March 5, 2021", "July 17, 2020"],
    "%d-%b-%y": ["05-Mar-21"],
    "%d.%m.%Y %H:%M": ["31.12.2020 23:59"],
    "%-m/%-d/%Y %-I:%M %p": ["3/4/2021 9:05 PM", "12/25/2021 10:00 AM"],
    "%H:%M": ["09:30", "23:59"],
    "%-H:%M": ["9:30", "23:59"],
    "%H:%M:%S": ["09:30:15", "23:59:10"],
    "%-I:%M %p": ["9:30 PM", "11:00 AM"],
}


@pytest.mark.parametrize("text_format", SPELLED)
def test_texts_are_found_and_keep_their_spelling(text_format):
    texts = SPELLED[text_format]
    found = find(texts)
    assert (found.text_format, found.doubt) == (text_format, "")
    seconds = read(texts, text_format) if found.kind == "datetime" else read_clock(texts)
    assert write(np.round(seconds * TICKS).astype(np.int64), text_format) == texts


def test_the_offset_of_a_text_counts():
    assert read(["2020-01-01T02:00:00+02:00"], None).tolist() == read(["2020-01-01T00:00:00Z"], None).tolist()


def test_the_format_holds_every_cell_not_the_first_alone():
    assert find(["2020-01-01", "2020-01-02 03:04:05.5"]).text_format == "%Y-%m-%d %H:%M:%S.%1f"
    assert find(["09:30", "09:30:15"]).text_format == "%H:%M:%S"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["03/04/2021", "05/06/2021"], 'text_format = "%d/%m/%Y"'),
        (["03-04-2021", "05-06-2021"], 'text_format = "%m-%d-%Y"'),
        (["31/12/2020", "12/31/2020"], "not all of them are valid dates in one format"),
        (["2020-13-01"], "not all of them are valid"),
        (["35:20", "10:00"], "spans of time"),
        ([*(f"2020-01-{i:02d}" for i in range(1, 20)), "soon"], 'missing = ["soon"]'),
    ],
)
def test_what_is_not_certain_is_said_with_a_remedy(texts, words):
    assert words in find(texts).doubt


@pytest.mark.parametrize("texts", [["hello"], ["1.2.3", "1.2.4"], ["12"], ["2020"], ["10-20"], ["3.5"]])
def test_other_texts_are_no_times(texts):
    assert find(texts).kind is None


def test_a_batch_may_hold_dates_in_iso_8601():
    np.testing.assert_array_equal(
        read(["01.02.2021", "2021-02-01", "soon"], "%d.%m.%Y"), [1612137600, 1612137600, np.nan]
    )
