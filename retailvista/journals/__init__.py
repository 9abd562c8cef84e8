"""Journals: till files in, balanced journals out, exported exactly once, controlled nightly."""
