"""Feeds: own records and those behind the connectors as OData, for programs of others.

The package knows no web framework: `web/odata.py` hands in a value and sends what comes back.
"""
