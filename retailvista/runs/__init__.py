"""Runs: work is rows. ask() inserts a waiting run and rings the bell; engines only listen."""
