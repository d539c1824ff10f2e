"""Starts everything as one family of supervised children: `python -m sai.launcher` (`make run`).

`runfile.read(var)` tells other processes where a running instance is; it needs only the standard
library.
"""
