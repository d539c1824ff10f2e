"""Corrections by people: an overlay over the immutable versions of a transcript.

An edit remembers the words it changed, not a row: laid over another version it counts where
these words still stand, and is listed where they don't. `overlay` lays it, `difference` compares.
"""
