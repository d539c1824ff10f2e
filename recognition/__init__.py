"""Sound into words.

Steps that hear, transcripts and their immutable versions, exports and the text index.
"""
