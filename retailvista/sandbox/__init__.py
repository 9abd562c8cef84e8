"""A small Exact Online of our own, to build and test against. It is not Exact Online.

Invariant: nothing in here imports anything of the product but `retailvista.clock`, and the product
never imports it (one command does, inside its function). It is written from public facts about
Exact's REST API, not from our own client, so that the two can disagree.
"""
