"""Speech to text: `base` (Protocol and values), one file per vendor, `fake`, `registry` (getter).

A new vendor is one file and one line of `registry.TRANSCRIBERS`.
"""
