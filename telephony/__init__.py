"""Phone lines and imported calls as a source of sound.

Carriers, lines and the calls that come over them.
"""
