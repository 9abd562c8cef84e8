"""Any service that speaks OData v4, as a source and a target of flows.

It keeps no books of ours: there is nothing to post to. What it has is told by its $metadata.
"""
