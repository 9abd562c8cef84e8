"""Exact Online: OAuth and the books of a division over its REST API. Knows no database.

Facts come from Exact's developer pages (docs/exact.md names each with its source).
"""
