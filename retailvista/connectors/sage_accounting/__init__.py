"""Sage Accounting: OAuth and the journals of a business over API v3.1. Knows no database.

Facts come from Sage's developer pages (docs/sage.md names each with its source).
"""
