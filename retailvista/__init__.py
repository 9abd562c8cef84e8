"""RetailVista Journals: till files become balanced journals, booked exactly once.

The packages, from the top down; imports point downwards only:

app         create_app() and main(): the one place that wires everything by hand
cli         the commands, a contract for people and scripts
web         one module per screen: parse, call a use case, render
feed        own records and those behind connectors as OData, for programs
scheduler   the engines behind the bell: due slots, waiting runs
mail        notices and their sending
flows       records in, out and copied
journals    till files, building, export, control
connectors  the outside world: port, grants, lanes, one folder per provider
runs        run, item, log, schedule, slot; ask() and the bell port
companies   company, store, user, membership, session, audit, company scope, addresses
plain       transactions of compiled statements alone, for work in the background
db          engine, transaction(), column types, the database's clock
compiled    statements that are compiled once, for what every call reads and writes
vault       sealing of secrets; the only module that sees the key
ledger      PURE: money, VAT, receipts, declarations, links, checks, journals, posting
config      settings, refused at the door when wrong
logs        one line of JSON per event, never a secret
clock       the only place that reads the time
turns       work that takes long lets others go first
errors      every error raised on purpose
sandbox     a small Exact Online of our own, outside the layers
migrations  the tables' history (Alembic)

This module imports nothing, so that the ledger stays importable without a framework.
"""
