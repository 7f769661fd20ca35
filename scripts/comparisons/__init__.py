"""Comparisons of input forms, heads, starts and training craft on one budget: see README.md."""
