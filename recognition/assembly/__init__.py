"""What was heard in each track becomes one conversation: a list of lines in order of time.

Pure functions over plain values (`values`), without database or Django: `envelope` measures
loudness over time, `bleed` tells a voice from its echo in another track, `lines` does the rest.
"""
