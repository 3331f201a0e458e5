"""`evenvae.search` by its former name."""

from evenvae.search import PLAIN, Outcome, Store, Summary, named_lists, resolve, search, summarise

__all__ = ["PLAIN", "Outcome", "Store", "Summary", "named_lists", "resolve", "search", "summarise"]
