"""The model card."""

from evenvae.report import gather
from report_support import tables


def test_card_says_which_table_and_seed(sections, evidence, fitted, table):
    facts = dict(tables(sections["card"])[0].rows)
    assert facts["fingerprint of the training table"] == facts["fingerprint of the table looked at"]
    assert len(evidence.fingerprint) == 64
    assert facts["seed"] == "0"
    assert evidence.trained_on_it is True
    assert gather(fitted, table.iloc[:100]).trained_on_it is False
