"""The tables' history. Alembic from the first table; nothing else creates tables."""
