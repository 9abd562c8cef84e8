"""Warehouses: DuckDB files of our own, PostgreSQL and Snowflake, behind one way of loading.

The packages come with the extra `warehouse` and are imported where they are used, so that an
installation without a warehouse stays small.
"""
