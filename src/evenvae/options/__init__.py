"""From what a user asks for to the complete plan of a fit."""

from evenvae.options.imputation import Imputation
from evenvae.options.options import Options
from evenvae.options.presets import PRESETS
from evenvae.options.privacy import Privacy
from evenvae.options.resolution import resolve, resolve_balance
from evenvae.options.sampling import Sampling

__all__ = ["PRESETS", "Imputation", "Options", "Privacy", "Sampling", "resolve", "resolve_balance"]
