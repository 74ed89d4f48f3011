"""Measures what the SDK costs, beside its goals and beside others. `make bench` runs it; `python -m bench` from this folder."""
