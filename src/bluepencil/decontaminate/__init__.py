"""Benchmark items inside documents: found by containment of the item, whatever the document's size.

`build.prepare` makes the index of some benchmarks, `match.Index` looks into texts with it, and
`steps.Decontaminate` is the step that drops, marks or cuts what it finds. docs/decontaminate.md says how.
"""
