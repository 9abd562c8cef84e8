"""A small Sage Accounting beside the small Exact Online: its API v3.1, served by the same sandbox.

Server, wire, faults, clock, call log and judge are the sandbox's; what is here answers as
developer.sage.com describes it (docs/sage.md says which part of that nobody has proven).
"""
