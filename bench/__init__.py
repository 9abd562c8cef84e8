"""Benchmarks: `make bench`, or one of them by its module."""
