"""The figures of ``evenvae evaluate --privacy`` in sentences."""

from collections.abc import Mapping
from typing import Any


def sentences(figures: Mapping[str, Any]) -> list[str]:
    """One line for every kind of figure, as `PrivacyFigures.summary` gives them."""
    closest = figures["closest"]
    lines = [
        f"privacy: {figures['train_rows']:,} training rows beside {figures['holdout_rows']:,} rows of DATA and "
        f"{figures['generated_rows']:,} rows drawn from the model",
        f"copies: {closest['copied_share']:.2%} of the drawn rows equal a training row in every cell "
        f"(of the rows of DATA {closest['holdout_copied_share']:.2%})",
        f"closest training record: drawn rows have a median distance of {closest['generated_median']:.3f} and a 5th "
        f"percentile of {closest['generated_5th']:.3f}, rows of DATA {closest['holdout_median']:.3f} and "
        f"{closest['holdout_5th']:.3f}",
        f"{closest['close_share']:.1%} of the drawn rows are nearer to a training row than all but 5% of the rows of "
        f"DATA; {closest['nearer_share']:.1%} +- {closest['nearer_error']:.1%} are nearer to a training row than to a "
        "row of DATA, among as many of either (5% and 50% where no row was learned by heart)",
        f"membership by log-likelihood: {_said(figures['by_likelihood'])}",
        f"membership by nearness to drawn rows: {_said(figures['by_samples'])}",
        "distance: the root of a sum over columns, of squared differences in standard deviations for numbers and of 1 "
        "for levels that differ",
    ]
    if figures["trained_on_it"] is False:
        lines.append(
            "TRAIN is not the whole table that the model was trained on: its fingerprint is another. Rows of TRAIN "
            "that the model has not seen make it look more private than it is."
        )
    return lines


def _said(attack: Mapping[str, float]) -> str:
    return (
        f"AUC {attack['auc']:.3f} (95% interval {attack['low']:.3f} to {attack['high']:.3f}; 0.5 tells nothing), "
        f"{attack['found_share']:.1%} of the training rows found at 1% false alarms"
    )
