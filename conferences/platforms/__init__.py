"""Kinds of meeting servers: a protocol, its values, and one driver each.

A new kind is one file (or package) here, a word in `choices.Platform` and a line in `registry`.
"""
