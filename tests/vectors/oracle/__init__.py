"""What semantics.md means, written as definitions: every rule scans all rows.

Nothing here may be clever. No bisection, no arrays, no shared code with any of the
implementations: when a definition and an implementation differ, a person must be able to
read the definition and see that it is right.
"""
