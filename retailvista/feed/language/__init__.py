"""The filter language of OData: one grammar and one tree, and what reads the tree.

OData 4.01 Part 2 (URL Conventions), chapter 5. The evaluator is the reference; SQL and Exact's
dialect take over only what they do exactly like it.
"""
