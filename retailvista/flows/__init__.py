"""Flows: take these records there, do this with them, put them there."""
