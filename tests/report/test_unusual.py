"""The section on unusual rows."""

from evenvae.report import gather, unusual


def test_unusual_rows_name_the_columns_that_make_them_so(fitted, table):
    odd = table.copy()
    odd.loc[17, "income"] = 1e6
    evidence = gather(fitted, odd)
    lowest = unusual.lowest(evidence)
    assert lowest.rows[0][0] == "17"
    assert lowest.rows[0][2].startswith("income = 1000000")
    assert lowest.columns[0][0] == "income"
    scores = [float(row[1].replace("−", "-")) for row in lowest.rows]
    assert scores == sorted(scores)
