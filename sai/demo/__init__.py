"""`make demo-conferences`: the whole journey of a meeting, on this machine alone.

`stage` starts and ends the processes, `conferences` is the story. It has a data directory of its
own, which is gone at the end.
"""
