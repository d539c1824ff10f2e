"""`make bench`: ours against the bare thing, in one run."""
