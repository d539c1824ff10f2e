"""One conversation's sound and its journey.

Recordings, tracks, access, storage, intake and the pipeline that walks from bytes to meaning.
PostgreSQL is the truth; the broker only wakes somebody up.
"""
