"""Connectors: numbered ways to reach one system each, and everything that keeps them usable."""
