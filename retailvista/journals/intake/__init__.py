"""Till files in: one streaming reader for the XAA family, recognised by content.

Invariant: a file that is not wholly understood is refused with its place and a remedy.
"""
