"""Meeting platforms as a source of sound.

Servers that record meetings are polled here and their tracks brought in.
"""
