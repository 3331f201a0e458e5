"""Hostile input: made from a seed, given to the library, and judged. ``PYTHONPATH=tests python -m fuzz`` runs it."""
